import { JobcastError } from "../../src/errors.ts";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { loadConfig } from "../../src/config.ts";
import { ImageOptions } from "../../src/contract/job-types/image.ts";
import { createBatchesTable } from "../../src/db/batches-table.ts";
import { createIntentsTable } from "../../src/db/intents-table.ts";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import { buildHttp } from "../../src/gateway/http/build-http.ts";
import type { HttpDeps } from "../../src/gateway/http/deps.ts";
import type { Catalog } from "../../src/jobs/catalog.ts";
import { createJobs } from "../../src/jobs/create-jobs.ts";
import { createReadQueueStatus } from "../../src/jobs/queue-status.ts";
import { createOutlook } from "../../src/jobs/outlook.ts";
import { openQueues } from "../../src/jobs/queues.ts";
import { createUploads } from "../../src/jobs/uploads/uploads.ts";
import { openStrictRedis } from "../../src/redis/connect.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import { createLinks } from "../../src/storage/signed-links.ts";
import { ALONE } from "./alone.ts";
import { silent, test as base } from "./databases.ts";

export interface HttpSetup extends Partial<Omit<HttpDeps, "config">> {
  env?: Record<string, string>;
}

type Claims = Parameters<FastifyInstance["tokens"]["signDevToken"]>[0];

export interface TestHttp {
  app: FastifyInstance;
  deps: HttpDeps;
  /** The `Authorization` of a user. */
  bearer(sub: string, claims?: Omit<Claims, "sub">): { authorization: string };
  /** Listens on a free port; the address begins with `http://`. */
  listen(): Promise<string>;
  /** Every file in the store, by its path. */
  files(): Promise<string[]>;
  /** A line for each thing logged. */
  logged: string[];
}

const up = { ok: true, latencyMs: 1, detail: null };
const catalog: Catalog = new Map([
  ["image", { type: "image", options: ImageOptions, accepts: ["file", "url"], maxAttempts: 3 }],
]);

/** Builds the HTTP side on a real Redis, a real PostgreSQL and a real disk; nobody works on its jobs. */
export const test = base
  .extend("parts", async ({ redisUrl, prefix, postgres }, { onCleanup }) => {
    const opened = new AsyncDisposableStack();
    onCleanup(() => opened.disposeAsync());
    const root = await mkdtemp(join(tmpdir(), "jobcast-http-"));
    opened.defer(() => rm(root, { recursive: true, force: true }));
    const redis = openStrictRedis(redisUrl, "test-http", 500);
    opened.defer(() => redis.disconnect());
    await new Promise((resolve) => redis.once("ready", resolve));
    const keys = createKeys(prefix);
    const queues = openQueues({ redis, keys, retentionDays: 1, log: silent });
    opened.defer(() => queues.close());
    const store = createDiskStore({ root });
    const jobs = createJobs({
      catalog,
      redis,
      replicas: ALONE,
      keys,
      queues,
      store,
      uploads: createUploads({ redis, keys, store, maxBytes: 1000, log: silent }),
      partitions: 4,
      history: createJobsTable(postgres.db),
      intents: createIntentsTable(postgres.db),
      outlook: createOutlook({ redis, keys, log: silent }),
      batches: createBatchesTable(postgres.db),
      removeSnapshot: async () => undefined,
      largeJobBytes: 1024 ** 2,
      allowPrivateUrls: false,
      log: silent,
    });
    return { root, redis, keys, store, jobs, batches: jobs.batches };
  })
  .extend("http", async ({ parts: { root, ...parts } }, { onCleanup }) => {
    const opened = new AsyncDisposableStack();
    onCleanup(() => opened.disposeAsync());
    return async ({ env = {}, ...overrides }: HttpSetup = {}): Promise<TestHttp> => {
      const secrets = { jwtKeys: [randomBytes(32)], signingKey: randomBytes(32) };
      const logged: string[] = [];
      const config = loadConfig({ JWT_SECRET: "x".repeat(32), ...env });
      const { redis, keys, store } = parts;
      const maxBytes = config.UPLOAD_MAX_BYTES;
      const deps: HttpDeps = {
        ...parts,
        config,
        uploads: createUploads({ redis, keys, store, maxBytes, log: silent }),
        secrets,
        links: createLinks({ signingKey: secrets.signingKey, ttlSeconds: 3600 }),
        catalog,
        log: pino({ level: "info" }, { write: (line: string) => void logged.push(line) }),
        queueStatus: createReadQueueStatus({
          redis: parts.redis,
          keys: parts.keys,
          types: ["image"],
        }),
        isDraining: () => false,
        readiness: async () => ({
          ready: true,
          draining: false,
          checks: { redis: up, recorder: up, postgres: up, storage: up },
        }),
        events: { poll: noRealtime, openStream: noRealtime },
        stats: () => ({
          available: true,
          transports: ["websocket"],
          protocol: 1,
          connections: 3,
          users: 2,
          node: "n1",
        }),
        metrics: { contentType: "text/plain; version=0.0.4", text: async () => "up 1\n" },
        webFolder: join(root, "no-page"),
        ...overrides,
      };
      const app = await buildHttp(deps);
      opened.defer(() => app.close());
      return {
        app,
        deps,
        logged,
        bearer: (sub, claims = {}) => ({
          authorization: `Bearer ${app.tokens.signDevToken({ sub, ...claims })}`,
        }),
        listen: () => app.listen({ port: 0, host: "127.0.0.1" }),
        files: () => listFiles(root),
      };
    };
  });

async function listFiles(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1));
}

const noRealtime = () => Promise.reject(new JobcastError("unavailable", "Only HTTP is here"));
