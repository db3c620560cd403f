import { describe, expect, vi } from "vitest";
import type { Apply } from "../../src/recorder/apply.ts";
import type { Lease } from "../../src/recorder/lease.ts";
import { createParking } from "../../src/recorder/parking.ts";
import type { SourceEvent } from "../../src/recorder/queue-events.ts";
import { readSource, type SourceOptions } from "../../src/recorder/source.ts";
import type { CaughtUp } from "../../src/redis/replicas.ts";
import { ALONE } from "../support/alone.ts";
import { test } from "../support/feeds.ts";
import { upTo } from "../support/listening.ts";
import { leaseOf, PARTITIONS, QUEUE, silent, type Stage } from "../support/stage.ts";

const say = ({ redis, keys }: Stage, jobId: string) =>
  redis.xadd(keys.events(QUEUE), "*", "event", "added", "jobId", jobId);

/** Reads the queue until `over` fires. */
async function read(
  stage: Stage,
  over: AbortController,
  told: (lease: Lease, ...batch: Parameters<Apply>) => Promise<unknown>,
  replicas: SourceOptions["replicas"] = ALONE,
): Promise<void> {
  const { redis, keys } = stage;
  const lease = leaseOf(QUEUE, over.signal);
  await redis.hset(keys.lease(QUEUE), "holder", lease.holder, "fence", lease.fence);
  const blocking = stage.ear();
  const parking = createParking({ redis, keys, partitions: PARTITIONS, log: silent });
  const apply: Apply = async (...batch) => void (await told(lease, ...batch));
  await readSource(lease, { queue: QUEUE, blocking, redis, keys, apply, parking, replicas });
}

/** Reads the queue, with `meanwhile` done while the first batch is on its way; resolves to the jobs of the first two batches, and the place while each was told. */
async function readTwice(stage: Stage, meanwhile: (lease: Lease) => Promise<unknown>) {
  const over = new AbortController();
  const batches: string[][] = [];
  const places: (string | null)[] = [];
  await read(stage, over, async (lease, events) => {
    batches.push(events.map(({ jobId }) => jobId));
    places.push(await stage.redis.get(stage.keys.place(QUEUE)));
    if (batches.length === 2) return over.abort();
    await meanwhile(lease);
    // Whatever the place is, there is something to read after it.
    await say(stage, "marker");
  });
  return { batches, places };
}

describe("a batch", () => {
  test("is read after it was noted who the primary is: its successor may not have it", async ({
    stage,
  }) => {
    const over = new AbortController();
    const noted: CaughtUp = async () => undefined;
    let said: Promise<unknown> | undefined;
    const asked: CaughtUp[] = [];
    const replicas = {
      begin() {
        said ??= say(stage, "a");
        return noted;
      },
    };
    const told = async (_lease: Lease, _events: SourceEvent[], caughtUp: CaughtUp) => {
      asked.push(caughtUp);
      over.abort();
    };
    await read(stage, over, told, replicas);
    expect(asked).toEqual([noted]);
  });
});

describe("the place of a source", () => {
  test("is moved past a batch when everybody has been told it", async ({ stage }) => {
    const id = await say(stage, "a");
    const { batches, places } = await readTwice(stage, async () => undefined);
    expect(batches).toEqual([["a"], ["marker"]]);
    expect(places).toEqual([null, id]);
  });

  test("is overlapped by a new reader: an old primary may have been ahead of its successor", async ({
    stage,
  }) => {
    const { redis, keys } = stage;
    const now = Date.now();
    const entries = { old: 60_000, recent: 5000, last: 4000 };
    for (const [jobId, age] of Object.entries(entries))
      await redis.xadd(keys.events(QUEUE), `${now - age}-0`, "event", "added", "jobId", jobId);
    await redis.set(keys.place(QUEUE), `${now - entries.last}-0`);
    const { batches } = await readTwice(stage, async () => undefined);
    expect(batches).toEqual([["recent", "last"], ["marker"]]);
  });

  test("is not moved by one whose lease another has taken", async ({ stage }) => {
    await say(stage, "a");
    const { batches, places } = await readTwice(stage, async () => {
      await stage.redis.hset(stage.keys.lease(QUEUE), "holder", "successor", "fence", 2);
    });
    expect(batches).toEqual([["a"], ["a", "marker"]]);
    expect(places).toEqual([null, null]);
  });

  test("is not moved by one whose fence is another's", async ({ stage }) => {
    await say(stage, "a");
    const { places } = await readTwice(stage, async () => {
      await stage.redis.hset(stage.keys.lease(QUEUE), "fence", 2);
    });
    expect(places).toEqual([null, null]);
  });

  test("that was moved back meanwhile stays there, and is read from again", async ({ stage }) => {
    await say(stage, "a");
    const { batches, places } = await readTwice(stage, async () => {
      await stage.redis.set(stage.keys.place(QUEUE), "1-0");
    });
    expect(batches).toEqual([["a"], ["a", "marker"]]);
    expect(places).toEqual([null, "1-0"]);
  });

  test("keeps what has not been read from being trimmed, however old", async ({ stage }) => {
    const { redis, keys } = stage;
    const old = Date.now() - 5 * 3_600_000;
    for (const n of upTo(150))
      await redis.xadd(keys.events(QUEUE), `${old + n}-0`, "event", "drained");
    const place = `${old + 10}-0`;
    await redis.set(keys.place(QUEUE), place);
    // With the reader's lease in other hands the recorder is no more than the keeper.
    await redis.hset(keys.lease(QUEUE), "holder", "somebody else", "fence", 1);
    const recorder = stage.recorder();
    const meta = `${keys.bull(QUEUE)}:${QUEUE}:meta`;
    await vi.waitFor(
      async () => expect(await redis.hexists(meta, "opts.maxLenEvents")).toBe(1),
      5000,
    );
    // It ends when the queues are tended.
    await recorder.close();
    expect(await redis.get(keys.place(QUEUE))).toBe(place);
    expect(await redis.xlen(keys.events(QUEUE))).toBe(150);
  });
});
