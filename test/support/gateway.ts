import { fearless } from "./stage.ts";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { loadConfig } from "../../src/config.ts";
import type { Audience, JobEventName } from "../../src/contract/names.ts";
import { createWriter, type Entry } from "../../src/feeds/append.ts";
import { externalType } from "../../src/jobs/external-type.ts";
import { type RunningProcess, startProcess } from "../../src/roles/process.ts";
import type { Role } from "../../src/roles/resources.ts";
import { sleep } from "../../src/lib/sleep.ts";
import { openStrictRedis } from "../../src/redis/connect.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { createBench, ECHO, STRICT } from "./echo.ts";
import { test as base } from "./postgres.ts";
import { startRedisServer } from "./redis-server.ts";

type Gateway = NonNullable<RunningProcess["gateway"]>;
type Claims = Omit<Parameters<Gateway["app"]["tokens"]["signDevToken"]>[0], "sub">;

/** A process with the role `gateway`, as others see it. */
export interface TestNode {
  url: string;
  gateway: Gateway;
  token(sub: string, claims?: Claims): string;
  /** Good for one job of `sub` and for nothing else. */
  jobToken(sub: string, jobId: string): string;
  get(path: string, token?: string): Promise<{ status: number; body: Record<string, unknown> }>;
  submit(token: string, data?: object): Promise<string>;
  close(): Promise<void>;
}

export interface NodeOptions {
  roles?: Role[];
  env?: Record<string, string>;
}

/** What an event of a feed says; only `text` matters to tests. */
export interface Said {
  kind?: "fact" | "gauge";
  event?: JobEventName;
  jobId?: string;
  text?: string;
}

export const PARTITIONS = 4;

/** Everything that shares one prefix in Redis: any number of nodes, and the workers' side of their jobs. */
export function createInstallation({
  redisUrl,
  postgresUrl,
  maxFacts = 10_000,
}: {
  redisUrl: string;
  postgresUrl: string;
  /** That `tell` leaves in a feed. */
  maxFacts?: number;
}) {
  const opened = new AsyncDisposableStack();
  const prefix = `test-${randomUUID()}`;
  const bench = createBench();
  const folder = mkdtemp(join(tmpdir(), "jobcast-gateway-"));
  opened.defer(async () => rm(await folder, { recursive: true, force: true }));
  const teller = openTeller({ redisUrl, prefix, maxFacts });
  opened.defer(teller.close);

  async function start({ roles = ["gateway"], env = {} }: NodeOptions = {}): Promise<TestNode> {
    const config = loadConfig({
      PORT: "0",
      REDIS_URL: redisUrl,
      REDIS_PREFIX: prefix,
      DATABASE_URL: postgresUrl,
      DATA_DIR: await folder,
      FEED_PARTITIONS: String(PARTITIONS),
      JWT_SECRET: "a secret that all nodes of a test share",
      // Tests name the addresses of their clients, so that they do not use up one another's handshakes.
      TRUST_PROXY: "127.0.0.1",
      DRAIN_SECONDS: "2",
      ...env,
    });
    const running = await startProcess({
      config,
      roles: new Set(roles),
      catalog: new Map([ECHO, STRICT, externalType].map((type) => [type.type, type])),
      startWorkers: bench.startWorkers,
      log: pino({ level: process.env["TEST_LOG"] ?? "silent" }),
    });
    opened.defer(running.close);
    if (running.gateway === undefined) throw new Error("Only gateways are started here");
    return toNode(running, running.gateway);
  }

  return {
    prefix,
    keys: createKeys(prefix),
    start,
    /** Lets a job that was submitted with `hold` go on to its end. */
    release: bench.release,
    /** Says something on a feed as the recorder would; resolves when Redis has it. */
    tell: teller.tell,
    close: () => opened.disposeAsync(),
  };
}
export type Installation = ReturnType<typeof createInstallation>;

function toNode(running: RunningProcess, gateway: Gateway): TestNode {
  const { tokens } = gateway.app;
  const url = gateway.address;
  return {
    url,
    gateway,
    token: (sub, claims = {}) => tokens.signDevToken({ sub, ...claims }),
    jobToken: (userId, jobId) => tokens.signJobToken({ jobId, userId, ttlSeconds: 3600 }).token,
    async get(path, token) {
      const headers: Record<string, string> =
        token === undefined ? {} : { authorization: `Bearer ${token}` };
      const answer = await fetch(`${url}${path}`, { headers });
      return { status: answer.status, body: Object(await answer.json()) };
    },
    async submit(token, data = {}) {
      const answer = await fetch(`${url}/api/jobs`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ type: ECHO.type, input: { data } }),
      });
      const { jobId, detail }: Record<string, unknown> = Object(await answer.json());
      if (answer.status !== 201) throw new Error(`Not accepted: ${String(detail)}`);
      return String(jobId);
    },
    close: running.close,
  };
}

function openTeller({
  redisUrl,
  prefix,
  maxFacts,
}: {
  redisUrl: string;
  prefix: string;
  maxFacts: number;
}) {
  const redis = openStrictRedis(redisUrl, "test-teller");
  redis.on("error", () => undefined);
  const keys = createKeys(prefix);
  const limits = { maxFacts, ttlHours: 1 };
  const writer = createWriter({
    redis,
    keys,
    partitions: PARTITIONS,
    ...limits,
    continuity: fearless,
  });
  const source = `test-${randomUUID()}`;
  const refs = new Map<Audience, number>();

  return {
    async tell(audience: Audience, ...said: Said[]): Promise<void> {
      while (redis.status !== "ready") await sleep(5);
      const last = refs.get(audience);
      const ref = (last ?? 0) + 1;
      refs.set(audience, ref);
      const answer = await writer.append({
        audience,
        source,
        fence: 1,
        holder: "test",
        expectedRef: last === undefined ? "" : `${last}-0`,
        ref: `${ref}-0`,
        entries: said.map(toEntry),
      });
      if (answer.outcome !== "ok") throw new Error(`Could not tell: ${answer.outcome}`);
    },
    close: () => redis.disconnect(),
  };
}

function toEntry({ kind = "fact", event, jobId = "told", text = "" }: Said): Entry {
  const rest = { jobId, snapshot: "", isOpen: false, createdAt: 0 };
  if (kind === "gauge")
    return { ...rest, kind, event: event ?? "job-progress", body: JSON.stringify({ jobId, text }) };
  const fact = JSON.stringify({
    jobId,
    text,
    at: new Date().toISOString(),
    eventId: randomUUID(),
  });
  return { ...rest, kind, event: event ?? "job-queued", body: fact.slice(0, -1) };
}

/** A user of the test's own, so that tests share nodes without noticing each other. */
export const someone = (): string => `user-${randomUUID()}`;

/** An installation on a Redis of its own, that may be taken away and given back with all that it had acknowledged. */
export async function createMortalInstallation(postgresUrl: string) {
  const dir = await mkdtemp(join(tmpdir(), "jobcast-redis-"));
  let redis = await startRedisServer({ dir });
  const { port, url } = redis;
  const installation = createInstallation({ redisUrl: url, postgresUrl });
  return {
    ...installation,
    redisUrl: url,
    killRedis: () => redis.stop(),
    async restartRedis() {
      redis = await startRedisServer({ dir, port });
    },
    async close() {
      await installation.close();
      await redis.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Tests of gateways: `installation` is the test's own and empty; so is `mortal`, on a Redis that can be killed; `cluster` has two nodes, shared by the tests of a file. */
export const test = base
  .extend("installation", async ({ redisUrl, postgresUrl }, { onCleanup }) => {
    const installation = createInstallation({ redisUrl, postgresUrl });
    onCleanup(() => installation.close());
    return installation;
  })
  .extend("mortal", async ({ postgresUrl }, { onCleanup }) => {
    const installation = await createMortalInstallation(postgresUrl);
    onCleanup(() => installation.close());
    return installation;
  })
  .extend("cluster", { scope: "file" }, async ({ redisUrl, postgresUrl }, { onCleanup }) => {
    const installation = createInstallation({ redisUrl, postgresUrl });
    onCleanup(() => installation.close());
    const a = await installation.start({ roles: ["gateway", "recorder", "worker"] });
    const b = await installation.start();
    return { a, b, ...installation };
  });
