import { describe, expect, onTestFinished } from "vitest";
import { Redis } from "ioredis";
import { pino } from "pino";
import { joinInstallation } from "../../src/redis/installation.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { checkRedisServer } from "../../src/redis/server-check.ts";
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
    await checkRedisServer(redis, pino({}, { write: (line: string) => void warnings.push(line) }));
    return warnings;
  }

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

  test("that is too old is refused", async () => {
    const old = { info: async () => "redis_version:6.0.16\r\nmaxmemory:0\r\n" };
    await expect(checkRedisServer(old, pino({ level: "silent" }))).rejects.toThrow(
      /6\.0\.16.*6\.2/,
    );
  });
});
