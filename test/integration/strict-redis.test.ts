import { describe, expect, onTestFinished, vi } from "vitest";
import { openStrictRedis } from "../../src/redis/connect.ts";
import { openRedisWay } from "../support/redis-way.ts";
import { test as base } from "../support/redis.ts";
import { openGate } from "../support/tcp-gate.ts";

/** A strict connection through a gate. */
const test = base.extend("gated", async ({ redisUrl }, { onCleanup }) => {
  const gate = await openGate(Number(new URL(redisUrl).port));
  const redis = openStrictRedis(`redis://127.0.0.1:${gate.port}`, "test-strict", 2000);
  redis.on("error", () => undefined);
  onCleanup(async () => {
    redis.disconnect();
    await gate.close();
  });
  const is = (status: string) => vi.waitFor(() => expect(redis.status).toBe(status));
  await is("ready");
  return {
    gate,
    strict: redis,
    async isBack() {
      gate.open();
      await is("ready");
      // Answered after whatever would have been sent again.
      await redis.ping();
    },
  };
});

describe("a strict connection", () => {
  test("keeps nothing for later while the link is down", async ({ gated, redis, prefix }) => {
    const { gate, strict, isBack } = gated;
    gate.shut();
    await vi.waitFor(() => expect(strict.status).not.toBe("ready"));
    const asked = strict.incr(prefix);
    await expect(asked).rejects.toThrow(/isn't writeable/);
    await isBack();
    expect(await redis.get(prefix)).toBeNull();
  });

  test("does not send again what was in flight when the link broke", async ({
    gated,
    redis,
    prefix,
  }) => {
    const { gate, strict, isBack } = gated;
    gate.freeze();
    const asked = strict.incr(prefix);
    const lost = expect(asked).rejects.toThrow();
    gate.shut();
    await lost;
    await isBack();
    expect(await redis.get(prefix)).toBeNull();
  });

  test("takes for lost what is not answered in its time", async ({ gated, prefix }) => {
    gated.gate.freeze();
    await expect(gated.strict.incr(prefix)).rejects.toThrow("timed out");
  });

  test("gives up a link that hangs, and is made anew", async ({ redisUrl, prefix }) => {
    const way = await openRedisWay(Number(new URL(redisUrl).port));
    const redis = openStrictRedis(way.url, "test-hanging", 500);
    redis.on("error", () => undefined);
    onTestFinished(async () => {
      redis.disconnect();
      await way.close();
    });
    await vi.waitFor(() => expect(redis.status).toBe("ready"));
    expect(way.hang(/^test-hanging$/)).toBe(1);
    await expect(redis.incr(prefix)).rejects.toThrow();
    await vi.waitFor(async () => expect(await redis.incr(prefix)).toBe(1));
    expect(way.hanging()).toEqual([]);
  });
});
