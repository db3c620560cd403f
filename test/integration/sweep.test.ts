import { Queue } from "bullmq";
import { describe, expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import type { Item } from "../../src/feeds/item.ts";
import { keep } from "../../src/recorder/keeper.ts";
import { beat } from "../../src/recorder/heartbeat.ts";
import { sweep, type SweepOptions } from "../../src/recorder/sweep.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { NONE } from "../support/applier.ts";
import { test } from "../support/feeds.ts";
import { type Ear, eventsOf, listen, upTo } from "../support/listening.ts";
import {
  fearless,
  leaseOf,
  PARTITIONS,
  QUEUE,
  sign,
  silent,
  type Stage,
} from "../support/stage.ts";

const audiences: Audience[] = ["user:42", "case:1"];

const partitions = upTo(PARTITIONS).map((n) => n - 1);

const sweepNow = (
  stage: Stage,
  patience: Pick<SweepOptions, "unchangedMs" | "lateMs" | "isThorough"> = {
    unchangedMs: 0,
    lateMs: 0,
  },
): Promise<number> =>
  sweep(
    { ...leaseOf("keeper"), fence: 99 },
    { ...stage, partitions: PARTITIONS, followers: NONE, sign, log: silent, ...patience },
  );

/** Ears for both audiences of the jobs, and a recorder at work. */
async function setUp(stage: Stage) {
  const node = await stage.node();
  const ears: [Ear, Ear] = [await listen(node, "user:42"), await listen(node, "case:1")];
  return { ears, recorder: stage.recorder() };
}

const isTold = (ears: Ear[], events: string[]) =>
  vi.waitFor(() => {
    for (const { items } of ears) expect(eventsOf(items)).toEqual(events);
  }, 5000);

/** The recorder has read all that the queue said. */
const isCaughtUp = ({ redis, keys }: Stage) =>
  vi.waitFor(async () => {
    const [newest] = await redis.xrevrange(keys.events(QUEUE), "+", "-", "COUNT", 1);
    expect(await redis.get(keys.place(QUEUE))).toBe(newest?.[0]);
  }, 5000);

const eventIds = (items: Item[]): string[] =>
  items.flatMap((item) => (item.kind === "fact" ? [JSON.parse(item.data).eventId] : []));

/** Has a worker end a job without its events being read: they are gone before anybody looks. */
async function endUnheard(stage: Stage, run: () => Promise<unknown>): Promise<void> {
  const { redis, keys } = stage;
  const ended = Promise.withResolvers<void>();
  const worker = await stage.work(async () => await run());
  for (const outcome of ["completed", "failed"] as const) worker.on(outcome, () => ended.resolve());
  await ended.promise;
  await redis.xtrim(keys.events(QUEUE), "MAXLEN", 0);
}

describe("the sweep", () => {
  test.for([
    ["completed", async () => ({}), "job-completed"],
    ["failed", () => Promise.reject(new Error("no")), "job-failed"],
  ] as const)(
    "tells once of a job that %s and whose events are gone",
    async ([, run, told], { stage }) => {
      const { ears, recorder } = await setUp(stage);
      await stage.submit({ audiences, maxAttempts: 1 });
      await isTold(ears, ["job-queued"]);
      await recorder.close();
      await endUnheard(stage, run);
      await vi.waitFor(async () => expect(await sweepNow(stage)).toBe(2));
      await isTold(ears, ["job-queued", told]);
      expect(await sweepNow(stage)).toBe(0);
    },
  );

  test("comes at once after a new generation, and notes that it was there", async ({ stage }) => {
    const { redis, keys, writer } = stage;
    const { ears, recorder } = await setUp(stage);
    await stage.submit({ audiences });
    await isTold(ears, ["job-queued"]);
    await recorder.close();
    await endUnheard(stage, async () => ({}));
    for (const partition of partitions) {
      await redis.hset(keys.partition(partition), "generation", "later");
      await redis.hdel(keys.partition(partition), "settled");
    }
    const over = new AbortController();
    const lease = { ...leaseOf("keeper", over.signal), fence: 99 };
    const work = {
      ...stage,
      partitions: PARTITIONS,
      followers: NONE,
      sign,
      log: silent,
      lateMs: 0,
    };
    const kept = keep(lease, {
      ...work,
      queues: [QUEUE],
      beat: (held) => beat(held, { ...work, continuity: fearless }),
      sweep: (held, how) => sweep(held, { ...work, writer, ...how }),
      save: async () => undefined,
      onUnread: () => undefined,
    });
    await isTold(ears, ["job-queued", "job-completed"]);
    for (const partition of partitions)
      await vi.waitFor(async () =>
        expect(await redis.hget(keys.partition(partition), "settled")).toBe("later"),
      );
    over.abort();
    await kept;
  });

  test("looks at more than a batch when it is thorough", async ({ stage }) => {
    const { redis, keys } = stage;
    const open = keys.open(partitionOf("case:1", PARTITIONS));
    const count = 450;
    const members = upTo(count).flatMap((n) => [n, `case:1\nnobody-${n}`]);
    await redis.zadd(open, ...members);
    await sweepNow(stage);
    expect(await redis.zcard(open)).toBe(count - 200);
    await sweepNow(stage, { unchangedMs: 0, lateMs: 0, isThorough: true });
    expect(await redis.zcard(open)).toBe(0);
  });

  test("gives what it tells the same id on every feed", async ({ stage }) => {
    const { ears, recorder } = await setUp(stage);
    const job = await stage.submit({ audiences });
    await isTold(ears, ["job-queued"]);
    await stage.redis.del(`${stage.keys.bull(QUEUE)}:${QUEUE}:${job.jobId}`);
    await isCaughtUp(stage);
    await recorder.close();
    await vi.waitFor(async () => expect(await sweepNow(stage)).toBe(2));
    await isTold(ears, ["job-queued", "job-cancelled"]);
    expect(eventIds(ears[0].items)).toEqual(eventIds(ears[1].items));
  });

  test.for(["drain", "obliterate"] as const)(
    "tells of jobs that %s took away",
    async (how, { stage }) => {
      const { ears, recorder } = await setUp(stage);
      for (const _ of upTo(3)) await stage.submit({ audiences });
      await isTold(ears, ["job-queued", "job-queued", "job-queued"]);
      const queue = new Queue(QUEUE, {
        connection: stage.connect(),
        prefix: stage.keys.bull(QUEUE),
      });
      await isCaughtUp(stage);
      await recorder.close();
      await queue[how]();
      await queue.close();
      await vi.waitFor(async () => expect(await sweepNow(stage)).toBeGreaterThan(0), 3000);
      await vi.waitFor(async () => expect(await sweepNow(stage)).toBe(0), 3000);
      await isTold(ears, [
        ...upTo(3).map(() => "job-queued"),
        ...upTo(3).map(() => "job-cancelled"),
      ]);
    },
  );

  test("tells of a run that was never told, while it runs", async ({ stage }) => {
    const node = await stage.node();
    const ear = await listen(node, "user:42");
    const recorder = stage.recorder();
    await stage.submit({ audiences: ["user:42"] });
    await isTold([ear], ["job-queued"]);
    await recorder.close();
    const started = Promise.withResolvers<void>();
    const hanging = Promise.withResolvers<void>();
    await stage.work(async () => {
      started.resolve();
      await hanging.promise;
    });
    await started.promise;
    await stage.redis.xtrim(stage.keys.events(QUEUE), "MAXLEN", 0);
    await vi.waitFor(async () => expect(await sweepNow(stage)).toBe(1));
    await isTold([ear], ["job-queued", "job-started"]);
    hanging.resolve();
  });

  test("leaves alone what is merely late", async ({ stage }) => {
    const node = await stage.node();
    const ear = await listen(node, "user:42");
    const recorder = stage.recorder();
    await stage.submit({ audiences });
    await isTold([ear], ["job-queued"]);
    await recorder.close();
    const ended = Promise.withResolvers<void>();
    const worker = await stage.work(async () => ({}));
    worker.on("completed", () => ended.resolve());
    await ended.promise;
    // Nobody has read the events yet, ...
    expect(await sweepNow(stage)).toBe(0);
    // ... or it was a moment ago, ...
    await stage.redis.xtrim(stage.keys.events(QUEUE), "MAXLEN", 0);
    expect(await sweepNow(stage, { unchangedMs: 0, lateMs: 60_000 })).toBe(0);
    // ... or the snapshot has just changed.
    expect(await sweepNow(stage, { unchangedMs: 60_000, lateMs: 0 })).toBe(0);
    expect(eventsOf(ear.items)).toEqual(["job-queued"]);
  });

  test("leaves alone a job that waits or runs as told", async ({ stage }) => {
    const { ears, recorder } = await setUp(stage);
    const hanging = Promise.withResolvers<void>();
    await stage.work(() => hanging.promise);
    await stage.submit({ audiences });
    await isTold(ears, ["job-queued", "job-started"]);
    await isCaughtUp(stage);
    await recorder.close();
    expect(await sweepNow(stage)).toBe(0);
    hanging.resolve();
    expect(eventsOf(ears[0].items)).toEqual(["job-queued", "job-started"]);
  });

  test("forgets what has neither a record nor a snapshot", async ({ stage }) => {
    const { ears, recorder } = await setUp(stage);
    const { jobId } = await stage.submit({ audiences });
    await isTold(ears, ["job-queued"]);
    await isCaughtUp(stage);
    await recorder.close();
    await stage.records.remove(jobId);
    expect(await sweepNow(stage)).toBe(0);
    expect((await stage.reader.page({ audience: "user:42" })).openJobs).toBe(0);
  });

  test("of a zombie stops at the first refusal", async ({ stage }) => {
    const { ears, recorder } = await setUp(stage);
    await stage.submit({ audiences });
    await isTold(ears, ["job-queued"]);
    await isCaughtUp(stage);
    await recorder.close();
    const options = { ...stage, partitions: PARTITIONS, followers: NONE, sign, log: silent };
    const gone = { find: async () => undefined };
    const patience = { unchangedMs: 0, lateMs: 0 };
    const zombie = { ...leaseOf("keeper"), fence: 0 };
    await vi.waitFor(() =>
      expect(sweep(zombie, { ...options, ...patience, queues: gone })).rejects.toThrow(
        "taken over",
      ),
    );
    expect(eventsOf(ears[0].items)).toEqual(["job-queued"]);
  });
});

describe("the keeper", () => {
  test("puts a job of a lost worker back in line, also when no worker is left", async ({
    stage,
  }) => {
    const { ears } = await setUp(stage);
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
      ...stage,
      queues: [QUEUE],
      beat: async () => [],
      sweep: async () => 0,
      save: async () => undefined,
      onUnread: () => undefined,
      log: silent,
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
    const kept = keep(leaseOf("keeper", over.signal), {
      ...stage,
      queues: [QUEUE],
      beat: async () => [],
      sweep: async () => 0,
      save: async () => undefined,
      onUnread: () => undefined,
      log: silent,
    });
    await vi.waitFor(
      async () => expect(await redis.xlen(keys.events(QUEUE))).toBeLessThan(60),
      3000,
    );
    over.abort();
    await kept;
  });
});
