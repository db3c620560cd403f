import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, vi } from "vitest";
import { toSentinelTarget } from "../../src/redis/target.ts";
import { freePort } from "./free-port.ts";
import { answers, startRedisServer } from "./redis-server.ts";
import { type MortalServer, startServer } from "./server-process.ts";

const NAME = "jobcast-test";
const SENTINELS = 3;
/** Servers, sentinels and clients have logins that can be taken away, so that a test can part some of them and leave the others be. */
const REPLICATION = "replication";
const SENTINEL = "sentinel";
const CLIENT = "client";
const SECRET = "secret";

/** One primary, one replica, three sentinels. */
export async function startSentinels() {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-sentinels-"));
  const opened = new AsyncDisposableStack();
  opened.defer(() => rm(folder, { recursive: true, force: true }));

  async function startMember(index: number) {
    const server = await startRedisServer({
      settings: {
        // What a replica is given at first lies in a file.
        dir: folder,
        dbfilename: `${index}.rdb`,
        masteruser: REPLICATION,
        masterauth: SECRET,
        // A replica follows the first write at once, rather than five seconds later.
        "repl-diskless-sync": "yes",
        "repl-diskless-sync-delay": "0",
      },
    });
    opened.defer(server.stop);
    const setup = new Redis(server.url);
    for (const user of [REPLICATION, SENTINEL, CLIENT])
      await setup.acl("SETUSER", user, "on", `>${SECRET}`, "allcommands", "allkeys", "allchannels");
    await setup.acl("SETUSER", "default", "off");
    setup.disconnect();
    const redis = new Redis({ port: server.port, username: CLIENT, password: SECRET });
    redis.on("error", () => undefined);
    opened.defer(() => redis.disconnect());
    return { ...server, redis };
  }
  const members = [await startMember(0), await startMember(1)];
  const [first, second] = members;
  if (first === undefined || second === undefined) throw new Error("There are two");
  await second.redis.replicaof("127.0.0.1", first.port);
  await inStep(second.redis);

  const ports: number[] = [];
  for (let i = 0; i < SENTINELS; i += 1) {
    const port = await freePort();
    ports.push(port);
    const sentinel = await startSentinel(join(folder, `${i}.conf`), port, first.port);
    opened.defer(sentinel.stop);
  }
  const sentinels = ports.map((port) => new Redis(port, "127.0.0.1"));
  opened.defer(() => sentinels.forEach((sentinel) => sentinel.disconnect()));
  // Before it knows the others and the replica, none of them fails over.
  await vi.waitFor(async () => {
    for (const sentinel of sentinels) {
      const state = await sentinel.call("SENTINEL", "MASTER", NAME);
      expect(field(state, "num-other-sentinels")).toBe(`${SENTINELS - 1}`);
      expect(field(state, "num-slaves")).toBe("1");
      const [replica] = toList(await sentinel.call("SENTINEL", "REPLICAS", NAME));
      expect(field(replica, "flags")).toBe("slave");
      expect(field(replica, "master-link-status")).toBe("ok");
    }
  }, 25_000);

  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const name = `redis://${CLIENT}:${SECRET}@${NAME}`;
  return {
    target: toSentinelTarget(addresses, name),
    env: { REDIS_SENTINELS: addresses.join(), REDIS_SENTINEL_NAME: name },
    first,
    second,
    /** Takes from the replica what the primary is told from now on. */
    async partReplica() {
      await forbid(first.redis, REPLICATION);
      await vi.waitFor(async () =>
        expect(await second.redis.info("replication")).toContain("master_link_status:down"),
      );
    },
    /** The primary goes on answering its clients, and is gone for the sentinels and the replica. */
    async isolate() {
      await forbid(first.redis, REPLICATION);
      await forbid(first.redis, SENTINEL);
    },
    /** Resolves when the replica is the primary, and all sentinels say so. */
    async promoted() {
      await vi.waitFor(async () => {
        expect((await second.redis.role())[0]).toBe("master");
        for (const sentinel of sentinels)
          expect(await sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)).toContain(
            `${second.port}`,
          );
      }, 20_000);
    },
    close: () => opened.disposeAsync(),
  };
}

async function startSentinel(path: string, port: number, primary: number): Promise<MortalServer> {
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `sentinel monitor ${NAME} 127.0.0.1 ${primary} 2`,
    `sentinel auth-user ${NAME} ${SENTINEL}`,
    `sentinel auth-pass ${NAME} ${SECRET}`,
    // A replica that was parted for ten times as long is no successor any more.
    `sentinel down-after-milliseconds ${NAME} 1000`,
    `sentinel failover-timeout ${NAME} 3000`,
  ];
  await writeFile(path, `${lines.join("\n")}\n`);
  return await startServer({
    command: ["redis-server", path, "--sentinel"],
    signal: "SIGTERM",
    isUp: () => answers(`redis://127.0.0.1:${port}`),
  });
}

async function forbid(redis: Redis, user: string): Promise<void> {
  await redis.call("ACL", "SETUSER", user, "off");
  await redis.client("KILL", "USER", user);
}

const inStep = (redis: Redis): Promise<void> =>
  vi.waitFor(
    async () => expect(await redis.info("replication")).toContain("master_link_status:up"),
    10_000,
  );

const toList = (answer: unknown): unknown[] => (Array.isArray(answer) ? answer : []);

const field = (answer: unknown, name: string): unknown => {
  const fields = toList(answer);
  return fields[fields.indexOf(name) + 1];
};
