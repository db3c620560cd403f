import { describe, expect, vi } from "vitest";
import { partitionOf } from "../../src/redis/keys.ts";
import { audiences, endUnheard, hearBoth, isTold } from "../support/both-feeds.ts";
import { test } from "../support/feeds.ts";
import { record } from "../support/jobs.ts";
import { eventsOf } from "../support/listening.ts";
import { PARTITIONS, QUEUE } from "../support/stage.ts";
import { eventIds, mends, sweepNow } from "../support/sweeping.ts";

describe("the sweep, of a job that nothing was ever said of,", () => {
  test.for([
    ["waits", undefined, ["job-queued"]],
    ["has completed", async () => ({}), ["job-queued", "job-started", "job-completed"]],
    [
      "has failed",
      () => Promise.reject(new Error("no")),
      ["job-queued", "job-started", "job-failed"],
    ],
  ] as const)("which %s, tells all that was missed, once", async ([, run, told], { stage }) => {
    const { ears, recorder } = await hearBoth(stage);
    await recorder.close();
    const { jobId } = await stage.submit({ audiences, maxAttempts: 1 });
    if (run === undefined) await stage.redis.del(stage.keys.events(QUEUE));
    else await endUnheard(stage, run);
    await mends(stage, ears, told);
    const [mine, others] = ears.map(({ items }) => eventIds(items));
    expect(mine).toEqual(others);
    expect(mine?.[0]).toBe(`sweep:${jobId}:added.0.0`);
  });

  test("leaves it alone when it never came to be", async ({ stage }) => {
    const { records, snapshots, redis, keys } = stage;
    const dead = record({ jobId: "stillborn", audiences });
    await records.write(dead);
    await snapshots.accept(dead);
    await vi.waitFor(async () => {
      expect(await sweepNow(stage)).toBe(0);
      for (const audience of audiences)
        expect(await redis.zcard(keys.open(partitionOf(audience, PARTITIONS)))).toBe(0);
    });
  });

  test.for(["is in the queue", "is on its way there"])(
    "leaves it alone when it was accepted a moment ago and %s",
    async (where, { stage }) => {
      const { ears, recorder } = await hearBoth(stage);
      await recorder.close();
      if (where === "is in the queue") await stage.submit({ audiences });
      else await stage.snapshots.accept(record({ audiences }));
      const acceptedAt = Date.now();
      await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(acceptedAt));
      expect(await sweepNow(stage, { unchangedMs: 0, lateMs: 60_000 })).toBe(0);
      expect(ears.map(({ items }) => eventsOf(items))).toEqual([[], []]);
      for (const audience of audiences)
        expect(await stage.redis.zcard(stage.keys.open(partitionOf(audience, PARTITIONS)))).toBe(1);
    },
  );

  test("tells nothing of what the recorder tells in the same moment", async ({ stage }) => {
    const { ears, recorder } = await hearBoth(stage);
    await recorder.close();
    const { jobId } = await stage.submit({ audiences });
    const { writer, redis, keys } = stage;
    await redis.del(keys.events(QUEUE));
    const late: typeof writer = {
      ...writer,
      async append(append) {
        // Told by the reader of the queue since the sweep has looked.
        await redis.xadd(keys.events(QUEUE), "*", "event", "added", "jobId", jobId);
        stage.recorder();
        await isTold(ears, ["job-queued"]);
        return await writer.append(append);
      },
    };
    await vi.waitFor(async () => {
      expect(await sweepNow({ ...stage, writer: late })).toBe(0);
      expect(ears[0].items).not.toEqual([]);
    });
    expect(ears.map(({ items }) => eventsOf(items))).toEqual([["job-queued"], ["job-queued"]]);
    expect(eventIds(ears[0].items)[0]).not.toContain(`sweep:${jobId}`);
  });
});
