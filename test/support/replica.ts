import { Redis } from "ioredis";
import { expect, vi } from "vitest";
import { freePort } from "./free-port.ts";
import { startRedisServer } from "./redis-server.ts";

/** A primary and a replica of it, with nobody to choose another. */
export async function startReplicated() {
  const opened = new AsyncDisposableStack();
  async function start(settings: Record<string, string> = {}) {
    const server = await startRedisServer({
      settings: { "repl-diskless-sync": "yes", "repl-diskless-sync-delay": "0", ...settings },
    });
    opened.defer(server.stop);
    const redis = new Redis(server.url, { maxRetriesPerRequest: null });
    redis.on("error", () => undefined);
    opened.defer(() => redis.disconnect());
    return { ...server, redis };
  }
  const primary = await start();
  // Given its first copy without a file.
  const replica = await start({ "repl-diskless-load": "swapdb" });
  async function isFollowed(): Promise<boolean> {
    // What is to be confirmed, and leaves no key; otherwise that is a ping which comes every ten seconds.
    await primary.redis.publish("test", "");
    return /state=online,offset=[1-9]/.test(await primary.redis.info("replication"));
  }

  return {
    url: primary.url,
    primary: primary.redis,
    replica: replica.redis,
    /** Says nothing any more, and is not gone. */
    freeze: () => replica.signal("SIGSTOP"),
    thaw: () => replica.signal("SIGCONT"),
    async follow() {
      await replica.redis.replicaof("127.0.0.1", primary.port);
      await vi.waitFor(async () => expect(await isFollowed()).toBe(true));
    },
    /** For good; as when its machine is dead, and the primary has noticed. */
    async loseReplica() {
      await replica.redis.replicaof("127.0.0.1", await freePort());
      await vi.waitFor(async () => expect(await isFollowed()).toBe(false));
    },
    /** As a failover does which nobody waited for. */
    async promote() {
      await replica.redis.replicaof("NO", "ONE");
    },
    async close() {
      replica.signal("SIGCONT");
      await opened.disposeAsync();
    },
  };
}

/** How often a server was asked to wait. */
export const waitsOf = async (redis: Redis): Promise<number> =>
  Number(/cmdstat_wait:calls=(\d+)/.exec(await redis.info("commandstats"))?.[1] ?? 0);
