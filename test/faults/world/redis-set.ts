import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "../../support/free-port.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import type { MortalServer } from "../../support/server-process.ts";
import { until } from "../until.ts";
import { openRedisWay, type RedisWay } from "../../support/redis-way.ts";
import { startSentinels } from "./sentinels.ts";

/** A Redis with a replica and three sentinels. */
export interface RedisSet {
  /** How the processes of Jobcast are told where Redis is. */
  env: Record<string, string>;
  way: RedisWay;
  /** Past the way, to whoever is the primary now. */
  control(): Redis;
  /** Of whoever that is. */
  url(): string;
  /** Ends the primary, in order or as a power failure does, and starts it again before anyone takes its place. */
  restart(how: "in order" | "killed"): Promise<void>;
  signalPrimary(signal: NodeJS.Signals): void;
  /** Resolves when the sentinels have made the other one the primary. */
  failOver(): Promise<void>;
  /** Cuts the primary off from its replica and the sentinels, while clients still reach it; they are led to its successor after `noticeMs` at the earliest. */
  isolatePrimary(noticeMs: number): Promise<void>;
  /** Resolves when there is a replica again that has everything. */
  heal(): Promise<void>;
  close(): Promise<void>;
}

/** Of the clients. Whoever is not let in as a peer must not be taken for one of them. */
const PASSWORD = "jobcast";
const FOLLOW_EVERY_MS = 200;
/** Those whom an isolated server no longer lets in. */
const PEERS = ["sentinel", "replica"];
const USERS = { default: PASSWORD, sentinel: "sentinel", replica: "replica" };

export async function startRedisSet(): Promise<RedisSet> {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-redis-"));
  const members = [await startMember(join(folder, "a")), await startMember(join(folder, "b"))];
  const [first, second] = members;
  if (first === undefined || second === undefined) throw new Error("No Redis");
  await second.link.replicaof("127.0.0.1", first.port);
  const sentinels = await startSentinels(first.port);
  const way = await openRedisWay(first.port);
  let primary: Member = first;
  let heldUntil = 0;

  const replicaOf = (member: Member) => (member === first ? second : first);

  /** The one address follows the sentinels, as that of a proxy does. */
  async function follow(): Promise<void> {
    const port = await sentinels.primaryPort();
    const chosen = members.find((member) => member.port === port) ?? primary;
    if (chosen === primary || Date.now() < heldUntil) return;
    if ((await roleOf(chosen)) !== "master") return;
    primary = chosen;
    way.leadTo(primary.port);
  }
  const following = setInterval(() => void follow().catch(() => undefined), FOLLOW_EVERY_MS);

  async function changed(before: Member): Promise<void> {
    await until("the sentinels have chosen another", 40_000, () => primary !== before);
  }

  return {
    env: { REDIS_URL: way.url.replace("//", `//:${PASSWORD}@`) },
    way,
    control: () => primary.link,
    url: () => `redis://:${PASSWORD}@127.0.0.1:${primary.port}`,
    signalPrimary: (signal) => primary.server.signal(signal),
    async restart(how) {
      await (how === "killed" ? primary.server.kill() : primary.server.stop());
      await primary.start();
    },
    async failOver() {
      const before = primary;
      await until("the sentinels agree to choose another", 40_000, sentinels.failOver);
      await changed(before);
    },
    async isolatePrimary(noticeMs) {
      const before = primary;
      heldUntil = Date.now() + noticeMs;
      for (const peer of PEERS) await before.link.call("ACL", "SETUSER", peer, "off");
      for (const peer of PEERS) await before.link.call("CLIENT", "KILL", "USER", peer);
      await changed(before);
    },
    async heal() {
      for (const { link } of members)
        for (const peer of PEERS) await link.call("ACL", "SETUSER", peer, "on");
      const replica = replicaOf(primary);
      // Whoever was turned away stays so on a link that is up: a sentinel takes the server for dead until it has another.
      for (const type of ["normal", "pubsub"])
        await replica.link.call("CLIENT", "KILL", "TYPE", type);
      // The sentinels would have it follow too, half a minute later.
      if ((await roleOf(replica)) === "master")
        await replica.link.replicaof("127.0.0.1", primary.port);
      await until("the replica has everything", 60_000, async () => {
        const info = await replica.link.info("replication");
        return (
          info.includes("role:slave") &&
          info.includes(`master_port:${primary.port}`) &&
          info.includes("master_link_status:up")
        );
      });
    },
    async close() {
      clearInterval(following);
      for (const { link } of members) link.disconnect();
      await sentinels.stop();
      await way.close();
      await Promise.all(members.map(({ server }) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Member {
  port: number;
  link: Redis;
  server: MortalServer;
  start(): Promise<void>;
}

async function startMember(dir: string): Promise<Member> {
  await mkdir(dir);
  const aclfile = join(dir, "users.acl");
  // Known from the first moment on: a sentinel that was turned away would take the server for dead.
  await writeFile(aclfile, Object.entries(USERS).map(toAclLine).join("\n"));
  const port = await freePort();
  const start = () =>
    startRedisServer({
      port,
      dir,
      password: PASSWORD,
      settings: {
        // What was acknowledged is with the system, which outlives the process. With `everysec` it may not be: while the disk is busy writes are put off.
        appendfsync: "no",
        aclfile,
        masteruser: "replica",
        masterauth: "replica",
        "repl-diskless-sync-delay": "0",
      },
    });
  const server = await start();
  const link = new Redis({
    port,
    host: "127.0.0.1",
    password: PASSWORD,
    maxRetriesPerRequest: null,
  });
  // It is away now and then.
  link.on("error", () => undefined);
  const member: Member = {
    port,
    link,
    server,
    async start() {
      member.server = await start();
    },
  };
  return member;
}

const toAclLine = ([user, password]: [string, string]): string =>
  `user ${user} on >${password} ~* &* +@all`;

async function roleOf({ link }: Member): Promise<unknown> {
  const [role] = await link.role();
  return role;
}
