import { describe, expect, vi } from "vitest";
import { measureUnread } from "../../src/recorder/unread.ts";
import { MAX_QUEUE_EVENTS } from "../../src/jobs/queues.ts";
import { test } from "../support/feeds.ts";
import { upTo } from "../support/listening.ts";
import { PARTITIONS, QUEUE, type Stage } from "../support/stage.ts";

const COUNT = 1000;

/** A queue whose events came one a second, and whose reader stands at `place`. */
async function setUp({ redis, keys }: Stage, place?: number) {
  const begunAt = Date.now() - COUNT * 1000;
  const idOf = (n: number) => `${begunAt + n * 1000}-0`;
  for (const n of upTo(COUNT)) await redis.xadd(keys.events(QUEUE), idOf(n), "event", "drained");
  if (place !== undefined) await redis.set(keys.place(QUEUE), idOf(place));
  return { idOf, measure: () => measureUnread(redis, keys, QUEUE) };
}

describe("what is unread of a queue", () => {
  test("is nothing where the reader is at the end, or where nothing was said", async ({
    stage,
  }) => {
    const nothing = { lagSeconds: 0, share: 0, isCut: false };
    expect(await measureUnread(stage.redis, stage.keys, QUEUE)).toEqual(nothing);
    const { measure } = await setUp(stage, COUNT);
    expect(await measure()).toEqual(nothing);
  });

  test("is told by its age and as a share of what is kept", async ({ stage }) => {
    const { measure } = await setUp(stage, COUNT / 2);
    const { lagSeconds, share, isCut } = await measure();
    expect(lagSeconds).toBeGreaterThanOrEqual(COUNT / 2 - 1);
    expect(lagSeconds).toBeLessThan(COUNT / 2 + 60);
    expect((share * MAX_QUEUE_EVENTS) / COUNT).toBeCloseTo(0.5, 2);
    expect(isCut).toBe(false);
  });

  test("is known to be lost when the trim has passed the reader", async ({ stage }) => {
    const { idOf, measure } = await setUp(stage, 150);
    await stage.redis.xtrim(stage.keys.events(QUEUE), "MINID", idOf(150));
    expect((await measure()).isCut).toBe(false);
    await stage.redis.xtrim(stage.keys.events(QUEUE), "MINID", idOf(151));
    expect((await measure()).isCut).toBe(true);
  });

  test("is not known any more to a recorder that was refused as the keeper", async ({ stage }) => {
    const { redis, keys } = stage;
    // Of a lease that is not renewed in this time it hears by being refused.
    const recorder = stage.recorder({ leaseTtlMs: 60_000 });
    await vi.waitFor(() => expect([...recorder.unread().keys()]).toEqual([QUEUE]));
    const taken = redis.multi().hset(keys.lease("keeper"), "holder", "successor", "fence", 99);
    for (const n of upTo(PARTITIONS))
      taken.hset(keys.partition(n - 1), "fence:keeper", "99 successor");
    await taken.exec();
    await vi.waitFor(() => expect(recorder.unread().size).toBe(0));
  });
});
