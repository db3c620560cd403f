import { describe, expect, vi } from "vitest";
import { sweepQueues } from "../../src/recorder/queue-retention.ts";
import { openStage, QUEUE, silent } from "../support/stage.ts";
import { test as base } from "../support/redis.ts";

const DAY_MS = 86_400_000;

const test = base.extend("stage", async ({ redisUrl, prefix }, { onCleanup }) => {
  const stage = openStage(redisUrl, prefix);
  onCleanup(() => stage.close());
  return stage;
});

describe("a queue in which nothing happens any more", () => {
  test("lets go of jobs that finished longer ago than they are kept, and of no others", async ({
    stage: { redis, keys, queues, submit, work },
  }) => {
    await work(async ({ data }) => {
      if (data.options["fails"] === true) throw new Error("No");
      return {};
    });
    const options = { fails: true };
    const failing = { options, maxAttempts: 1 };
    const [oldDone, oldFailed] = [await submit(), await submit(failing)];
    const [done, failed] = [await submit(), await submit(failing)];
    const waiting = await submit({ delayMs: DAY_MS });
    const at = (state: string) => keys.bullKey(QUEUE, state);
    await vi.waitFor(async () => {
      expect(await redis.zcard(at("completed"))).toBe(2);
      expect(await redis.zcard(at("failed"))).toBe(2);
    });
    const longAgo = Date.now() - 7 * DAY_MS - 1000;
    await redis.zadd(at("completed"), longAgo, oldDone.jobId);
    await redis.zadd(at("failed"), longAgo, oldFailed.jobId);
    // Younger, and nearly as old as may be.
    await redis.zadd(at("failed"), longAgo + 60_000, failed.jobId);

    const sweep = () =>
      sweepQueues({ redis, keys, queues: [QUEUE, "image.large"], retentionDays: 7, log: silent });
    expect(await sweep()).toBe(2);
    expect(await sweep()).toBe(0);
    for (const gone of [oldDone, oldFailed]) expect(await queues.find(gone)).toBeUndefined();
    for (const kept of [done, failed, waiting]) expect(await queues.find(kept)).toBeDefined();
    expect(await redis.hget(at("meta"), "opts.maxLenEvents")).toBe("1000000");
  });
});
