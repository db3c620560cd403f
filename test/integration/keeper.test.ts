import { Queue } from "bullmq";
import { describe, expect, vi } from "vitest";
import { beat } from "../../src/recorder/heartbeat.ts";
import { keep, type KeeperOptions } from "../../src/recorder/keeper.ts";
import { sweep } from "../../src/recorder/sweep.ts";
import { ALONE } from "../support/alone.ts";
import { NONE } from "../support/applier.ts";
import { audiences, endUnheard, hearBoth, isTold } from "../support/both-feeds.ts";
import { isCaughtUp } from "../support/caught-up.ts";
import { test } from "../support/feeds.ts";
import { upTo } from "../support/listening.ts";
import {
  fearless,
  leaseOf,
  PARTITIONS,
  QUEUE,
  sign,
  silent,
  type Stage,
} from "../support/stage.ts";
import { addUnmendable } from "../support/unmendable.ts";

const partitions = upTo(PARTITIONS).map((n) => n - 1);

/** A keeper's duties, of which those that a test is not about do nothing. */
const idle = ({ redis, keys }: Stage): KeeperOptions => ({
  redis,
  keys,
  queues: [QUEUE],
  beat: async () => [],
  sweep: async () => 0,
  save: async () => undefined,
  onUnread: () => undefined,
  log: silent,
});

const LATER = "later";

/** A keeper at work after each partition has lost something; resolves to how it is stopped. */
async function keepAfterLoss(stage: Stage): Promise<() => Promise<void>> {
  const { redis, keys } = stage;
  for (const partition of partitions) {
    await redis.hset(keys.partition(partition), "generation", LATER);
    await redis.hdel(keys.partition(partition), "settled");
  }
  const over = new AbortController();
  const lease = { ...leaseOf("keeper", over.signal), fence: 99 };
  const work = {
    ...stage,
    partitions: PARTITIONS,
    replicas: ALONE,
    followers: NONE,
    sign,
    log: silent,
    lateMs: 0,
  };
  const kept = keep(lease, {
    ...idle(stage),
    lateMs: 0,
    beat: (held) => beat(held, { ...work, continuity: fearless }),
    sweep: (held, how) => sweep(held, { ...work, ...how }),
  });
  return async () => {
    over.abort();
    await kept;
  };
}

async function isSettled({ redis, keys }: Stage): Promise<void> {
  for (const partition of partitions)
    await vi.waitFor(
      async () => expect(await redis.hget(keys.partition(partition), "settled")).toBe(LATER),
      5000,
    );
}

describe("the keeper", () => {
  test("that cannot beat lets go of everything, though its lease is still good", async ({
    stage,
  }) => {
    const kept = keep(leaseOf("keeper"), {
      ...idle(stage),
      beat: () => Promise.reject(new Error("no link")),
    });
    await expect(kept).rejects.toThrow("no link");
  });

  test("looks for what was lost at once after a new generation, and notes that it did", async ({
    stage,
  }) => {
    const { ears, recorder } = await hearBoth(stage);
    await stage.submit({ audiences });
    await isTold(ears, ["job-queued"]);
    await recorder.close();
    await endUnheard(stage, async () => ({}));
    const stop = await keepAfterLoss(stage);
    await isSettled(stage);
    // Not the ears: nodes announce a new generation as well, and what was told by then is not told again.
    for (const audience of audiences)
      expect(await stage.reader.page({ audience })).toMatchObject({
        head: { seq: 2 },
        openJobs: 0,
      });
    await stop();
  });

  test("notes that it looked also where a job cannot be mended", async ({ stage }) => {
    await addUnmendable(stage);
    const stop = await keepAfterLoss(stage);
    await isSettled(stage);
    await stop();
  });

  test("puts a job of a lost worker back in line, also when no worker is left", async ({
    stage,
  }) => {
    const { ears } = await hearBoth(stage);
    const hanging = Promise.withResolvers<void>();
    await stage.work(() => hanging.promise, 1, {
      lockDuration: 500,
      skipLockRenewal: true,
      skipStalledCheck: true,
    });
    await stage.submit({ audiences });
    await isTold(ears, ["job-queued", "job-started"]);
    // Whoever checked last bars the others for as long as its own interval.
    await stage.redis.del(`${stage.keys.bull(QUEUE)}:${QUEUE}:stalled-check`);
    const over = new AbortController();
    const kept = keep(leaseOf("keeper", over.signal), {
      ...idle(stage),
      stalledIntervalMs: 300,
    });
    await isTold(ears, ["job-queued", "job-started", "job-retrying"]);
    over.abort();
    await kept;
    hanging.resolve();
  });

  test("keeps a queue's stream from being cut to BullMQ's own length", async ({ stage }) => {
    const meta = `${stage.keys.bull(QUEUE)}:${QUEUE}:meta`;
    const careless = new Queue(QUEUE, {
      connection: stage.connect(),
      prefix: stage.keys.bull(QUEUE),
    });
    await careless.waitUntilReady();
    await careless.close();
    expect(await stage.redis.hget(meta, "opts.maxLenEvents")).toBe("10000");
    stage.recorder();
    await vi.waitFor(async () =>
      expect(await stage.redis.hget(meta, "opts.maxLenEvents")).toBe("1000000"),
    );
  });

  test("trims a queue's stream by time, as far as it was read", async ({ stage }) => {
    const { redis, keys } = stage;
    const old = Date.now() - 5 * 3_600_000;
    // Redis trims whole nodes of its stream, of a hundred entries.
    for (const n of upTo(150))
      await redis.xadd(keys.events(QUEUE), `${old + n}-0`, "event", "drained");
    stage.recorder();
    await vi.waitFor(async () => expect(await redis.xlen(keys.events(QUEUE))).toBe(150));
    await stage.submit();
    await isCaughtUp(stage);
    const over = new AbortController();
    const kept = keep(leaseOf("keeper", over.signal), idle(stage));
    await vi.waitFor(
      async () => expect(await redis.xlen(keys.events(QUEUE))).toBeLessThan(60),
      3000,
    );
    over.abort();
    await kept;
  });
});
