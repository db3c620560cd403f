import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { expect, vi } from "vitest";
import { toClusterTarget } from "../../src/redis/target.ts";
import { freePort } from "./free-port.ts";
import { startRedisServer } from "./redis-server.ts";

const PRIMARIES = 3;
const SLOTS = 16_384;
const SHARE = Math.ceil(SLOTS / PRIMARIES);
/** The login of replicas, which can be taken away. */
const REPLICATION = "replication";
const SECRET = "secret";

/** Three primaries, and of each as many replicas as asked for. */
export async function startRedisCluster({ replicas = 0 }: { replicas?: number } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-redis-cluster-"));
  const opened = new AsyncDisposableStack();
  opened.defer(() => rm(folder, { recursive: true, force: true }));

  async function startNode(index: number) {
    const server = await startRedisServer({
      settings: {
        dir: folder,
        dbfilename: `${index}.rdb`,
        "cluster-enabled": "yes",
        "cluster-config-file": `${index}.conf`,
        // By itself ten thousand above its own, which may be more than there are.
        "cluster-port": `${await freePort()}`,
        "cluster-node-timeout": "1500",
        "repl-diskless-sync-delay": "0",
        masteruser: REPLICATION,
        masterauth: SECRET,
      },
    });
    opened.defer(server.stop);
    const redis = new Redis(server.url, { connectionName: "test" });
    redis.on("error", () => undefined);
    opened.defer(() => redis.disconnect());
    await redis.acl("SETUSER", REPLICATION, "on", `>${SECRET}`, "allcommands", "allkeys");
    return { ...server, redis, id: String(await redis.call("CLUSTER", "MYID")) };
  }
  const count = PRIMARIES * (1 + replicas);
  const nodes = await Promise.all(Array.from({ length: count }, (_, i) => startNode(i)));

  for (const [i, { redis, port }] of nodes.entries()) {
    // Otherwise two that were never anything might agree on one epoch, and settle it only later.
    await redis.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
    if (i < PRIMARIES)
      await redis.call("CLUSTER", "ADDSLOTSRANGE", i * SHARE, Math.min(SLOTS, (i + 1) * SHARE) - 1);
    const bus = (await redis.config("GET", "cluster-port"))[1] ?? "";
    await nodes[0]?.redis.call("CLUSTER", "MEET", "127.0.0.1", port, bus);
  }
  await vi.waitFor(async () => {
    for (const { redis } of nodes) {
      const info = String(await redis.call("CLUSTER", "INFO"));
      expect(info).toContain(`cluster_known_nodes:${count}`);
      expect(info).toContain("cluster_state:ok");
    }
  }, 15_000);
  for (const [i, { redis }] of nodes.entries())
    if (i >= PRIMARIES) await redis.call("CLUSTER", "REPLICATE", nodes[i % PRIMARIES]?.id ?? "");
  await vi.waitFor(async () => {
    for (const { redis } of nodes.slice(PRIMARIES))
      expect(await redis.info("replication")).toContain("master_link_status:up");
  }, 15_000);

  /** The primary that has a key at first, its replica, and another primary. */
  async function ownerOf(key: string) {
    const slot = Number(await nodes.at(0)?.redis.call("CLUSTER", "KEYSLOT", key));
    const at = Math.floor(slot / SHARE);
    const [owner, other] = [nodes[at], nodes[(at + 1) % PRIMARIES]];
    if (owner === undefined || other === undefined) throw new Error("There are three");
    return { slot, owner, other, replica: nodes[at + PRIMARIES] };
  }
  const addresses = nodes.slice(0, PRIMARIES).map(({ port }) => `127.0.0.1:${port}`);
  return {
    target: toClusterTarget(addresses),
    env: { REDIS_CLUSTER_NODES: addresses.join() },
    ownerOf,
    /** Moves the slot of a key to another primary, as an operator does. */
    async move(key: string) {
      const { slot, owner, other } = await ownerOf(key);
      await other.redis.call("CLUSTER", "SETSLOT", slot, "IMPORTING", owner.id);
      await owner.redis.call("CLUSTER", "SETSLOT", slot, "MIGRATING", other.id);
      for (;;) {
        const found = await owner.redis.call("CLUSTER", "GETKEYSINSLOT", slot, 100);
        const names = Array.isArray(found) ? found.map(String) : [];
        if (names.length === 0) break;
        const to = ["127.0.0.1", `${other.port}`, "", "0", "5000", "KEYS", ...names];
        await owner.redis.call("MIGRATE", ...to);
      }
      for (const { redis } of [other, owner])
        await redis.call("CLUSTER", "SETSLOT", slot, "NODE", other.id);
    },
    /** Takes from the replica of a key's primary what that is told from now on. */
    async partReplica(key: string) {
      const { owner, replica } = await ownerOf(key);
      // What was told before has to be there: a link that is cut takes with it what was on its way.
      await owner.redis.set(`${key}:parted`, "");
      expect(await owner.redis.wait(1, 10_000)).toBe(1);
      await owner.redis.acl("SETUSER", REPLICATION, "off");
      await owner.redis.client("KILL", "USER", REPLICATION);
      await vi.waitFor(async () =>
        expect(await replica?.redis.info("replication")).toContain("master_link_status:down"),
      );
    },
    /** Resolves when the replica of a key's primary has taken its place. */
    async promoted(key: string) {
      const { replica } = await ownerOf(key);
      await vi.waitFor(
        async () => expect((await replica?.redis.role())?.[0]).toBe("master"),
        15_000,
      );
    },
    close: () => opened.disposeAsync(),
  };
}
