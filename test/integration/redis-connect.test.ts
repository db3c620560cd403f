import { once } from "node:events";
import { describe, expect, onTestFinished } from "vitest";
import { openRedis, openStrictRedis, openUnwatchedRedis } from "../../src/redis/connect.ts";
import { freePort } from "../support/free-port.ts";
import { openRedisWay } from "../support/redis-way.ts";
import { test } from "../support/redis.ts";

describe("a connection whose promises nobody looks at", () => {
  test("is closed with commands unanswered and leaves no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
    onTestFinished(() => {
      process.off("unhandledRejection", note);
      for (const listener of listeners) process.on("unhandledRejection", listener);
    });
    const url = `redis://127.0.0.1:${await freePort()}`;
    const ended = [openUnwatchedRedis, openRedis].map(async (open) => {
      const redis = open(url, "test-unwatched");
      redis.on("error", () => undefined);
      const end = new Promise((resolve) => redis.once("end", resolve));
      void redis.psubscribe("news");
      redis.disconnect();
      await end;
    });
    await Promise.all(ended);
    // That of the watched one shows that there would have been one.
    await expect.poll(() => unhandled).toHaveLength(1);
  });
});

describe("a connection", () => {
  test.for([
    ["patient", openRedis],
    ["strict", openStrictRedis],
  ] as const)(
    "that is %s hands on in one piece what is asked in one go",
    async ([, open], { redisUrl, prefix }) => {
      const redis = open(redisUrl, "test-gathering");
      onTestFinished(() => redis.disconnect());
      await once(redis, "ready");
      const { stream } = redis;
      const answers = [redis.incr(prefix), redis.incr(prefix), redis.incr(prefix)];
      expect(stream.writableLength).toBeGreaterThan(0);
      expect(stream.writableCorked).toBe(1);
      expect(await Promise.all(answers)).toEqual([1, 2, 3]);
      expect(stream.writableCorked).toBe(0);
    },
  );
});

describe("a connection that hangs", () => {
  test("is given up, and what was asked over it is asked again", async ({ redisUrl, prefix }) => {
    const way = await openRedisWay(Number(new URL(redisUrl).port));
    const redis = openRedis(way.url, "test-hanging");
    redis.on("error", () => undefined);
    onTestFinished(async () => {
      redis.disconnect();
      await way.close();
    });
    await redis.ping();
    expect(way.hang(/^test-hanging$/)).toBe(1);
    expect(await redis.incr(prefix)).toBe(1);
    expect(way.hanging()).toEqual([]);
  });
});
