import { describe, expect, vi } from "vitest";
import { readStreams } from "../../src/redis/blocking-read.ts";
import { openStrictRedis } from "../../src/redis/connect.ts";
import { test } from "../support/redis.ts";
import { openGate } from "../support/tcp-gate.ts";

describe("a blocking read", () => {
  test("gives up a link that hangs, and takes no late answer of it for the next", async ({
    redisUrl,
    redis,
    prefix,
    onTestFinished,
  }) => {
    const gate = await openGate(Number(new URL(redisUrl).port));
    onTestFinished(gate.close);
    const blocking = openStrictRedis(`redis://127.0.0.1:${gate.port}`, "test-blocking");
    blocking.on("error", () => undefined);
    onTestFinished(() => blocking.disconnect());
    const { signal } = new AbortController();
    const read = (after: string) =>
      readStreams({ redis: blocking, streams: [prefix], after: [after], count: 10, signal });

    const first = await redis.xadd(prefix, "*", "n", "1");
    expect(await read("0-0")).toEqual([[prefix, [[first, ["n", "1"]]]]]);
    gate.freeze();
    await expect(read(String(first))).rejects.toThrow("No answer from Redis in time");
    gate.open();
    const second = await redis.xadd(prefix, "*", "n", "2");
    await vi.waitFor(async () => {
      expect(await read(String(first))).toEqual([[prefix, [[second, ["n", "2"]]]]]);
    }, 5000);
  });
});
