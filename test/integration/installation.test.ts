import { describe, expect, onTestFinished, vi } from "vitest";
import { Redis } from "ioredis";
import { pino } from "pino";
import { joinInstallation } from "../../src/redis/installation.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { checkRedisServers, flawsOf, watchRedisServers } from "../../src/redis/server-check.ts";
import { test } from "../support/redis.ts";
import { test as withFolder } from "../support/folder.ts";
import { type RedisServerOptions, startRedisServer } from "../support/redis-server.ts";

const key = (letter: string) => Buffer.from(letter.repeat(32));
const secrets = (signing: string, ...jwt: string[]) => ({
  secrets: { jwtKeys: jwt.map(key), signingKey: key(signing) },
});

describe("an installation", () => {
  test("refuses who has other partitions or another store, and names the variable", async ({
    redis,
    prefix,
  }) => {
    const keys = createKeys(prefix);
    const join = (partitions: number, storeId: string) =>
      joinInstallation(redis, keys, { partitions, storeId });
    await join(16, "a");
    await join(16, "a");
    await expect(join(8, "a")).rejects.toThrow(/FEED_PARTITIONS.*8.*16/);
    await expect(join(16, "b")).rejects.toThrow(/STORAGE_URL/);
  });

  test("refuses who has other secrets, and lets them be rotated one at a time", async ({
    redis,
    prefix,
  }) => {
    const keys = createKeys(prefix);
    const join = (more: object) =>
      joinInstallation(redis, keys, { partitions: 16, storeId: "a", ...more });
    await join(secrets("s", "a"));
    await join({});
    await join(secrets("s", "a"));
    await expect(join(secrets("s", "x"))).rejects.toThrow(/JWT_SECRET/);
    await expect(join(secrets("t", "a"))).rejects.toThrow(/SIGNING_SECRET/);
    await join(secrets("s", "a", "b"));
    await join(secrets("s", "b"));
    await expect(join(secrets("s", "a"))).rejects.toThrow(/JWT_SECRET/);
  });

  test("keeps no secret in Redis", async ({ redis, prefix }) => {
    const keys = createKeys(prefix);
    await joinInstallation(redis, keys, { partitions: 16, storeId: "a", ...secrets("s", "a") });
    const kept = JSON.stringify(await redis.hgetall(keys.installation));
    for (const secret of [key("s"), key("a")]) {
      expect(kept).not.toContain(secret.toString("utf8"));
      expect(kept).not.toContain(secret.toString("hex"));
    }
  });
});

describe("a Redis server", () => {
  async function check(options: RedisServerOptions): Promise<string[]> {
    const server = await startRedisServer(options);
    onTestFinished(() => server.stop());
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    const warnings: string[] = [];
    await checkRedisServers(redis, logTo(warnings));
    return warnings;
  }
  const logTo = (lines: string[]) => pino({}, { write: (line: string) => void lines.push(line) });

  test("that may evict jobs is refused with the remedy", async () => {
    const settings = { maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" };
    await expect(check({ settings })).rejects.toThrow(/allkeys-lru.*noeviction/);
  });

  test("that keeps no append-only file is warned of with the remedy", async () => {
    expect((await check({})).join()).toContain("appendonly yes");
  });

  withFolder("that keeps what it is given is taken without a word", async ({ folder }) => {
    expect(await check({ dir: folder })).toEqual([]);
  });

  test("that is too old is refused", () => {
    expect(flawsOf("redis_version:6.0.16\r\nmaxmemory:0\r\n")).toMatchObject([
      { isFatal: true, text: expect.stringMatching(/6\.0\.16.*6\.2/) },
    ]);
  });

  withFolder("with replicas is told to refuse writes without them", async ({ folder }) => {
    const settings = { "repl-diskless-sync-delay": "0" };
    const server = await startRedisServer({ dir: folder, settings });
    onTestFinished(() => server.stop());
    const replica = await startRedisServer({
      settings: { dir: folder, replicaof: `127.0.0.1 ${server.port}` },
    });
    onTestFinished(() => replica.stop());
    const redis = new Redis(server.url);
    onTestFinished(() => redis.disconnect());
    await vi.waitFor(
      async () => expect(await redis.info("replication")).toContain("state=online"),
      10_000,
    );
    const lines: string[] = [];
    await checkRedisServers(redis, logTo(lines));
    expect(lines.join()).toContain("min-replicas-to-write 1");
    await redis.config("SET", "min-replicas-to-write", 1);
    lines.length = 0;
    await checkRedisServers(redis, logTo(lines));
    expect(lines).toEqual([]);
  });

  withFolder("that is set anew while it is in use is told of once", async ({ folder }) => {
    const server = await startRedisServer({ dir: folder });
    onTestFinished(() => server.stop());
    const redis = new Redis(server.url);
    const closing = new AbortController();
    onTestFinished(() => {
      closing.abort();
      redis.disconnect();
    });
    const lines: string[] = [];
    const log = logTo(lines);
    const known = await checkRedisServers(redis, log);
    void watchRedisServers(redis, log, { known, signal: closing.signal, everyMs: 10 });
    await redis.config("SET", "appendonly", "no");
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]).toContain("appendonly yes");
    await redis.config("SET", "appendonly", "yes");
    await vi.waitFor(() => expect(lines).toHaveLength(2));
    expect(lines[1]).toContain("No more");
    // A server that is still writing its first append-only file refuses to end.
    await vi.waitFor(async () => {
      const info = await redis.info("persistence");
      expect(info).toContain("aof_rewrite_in_progress:0");
      expect(info).toContain("aof_rewrite_scheduled:0");
    });
  });
});
