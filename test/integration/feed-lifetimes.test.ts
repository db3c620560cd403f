import { describe, expect, vi } from "vitest";
import { createWriter, META_TTL_MS } from "../../src/feeds/append.ts";
import { createSnapshots } from "../../src/jobs/snapshots.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { test } from "../support/feeds.ts";
import { entry } from "../support/jobs.ts";
import { upTo } from "../support/listening.ts";
import { fearless, PARTITIONS, type Stage } from "../support/stage.ts";
import { createTeller, fact, outcome } from "../support/telling.ts";

const audience = "user:42";
const partition = partitionOf(audience, PARTITIONS);
const HOUR_MS = 3_600_000;

const writerWith = ({ redis, keys }: Stage, limits: { maxFacts: number; ttlHours: number }) =>
  createWriter({ redis, keys, partitions: PARTITIONS, continuity: fearless, ...limits });

describe("a feed's log", () => {
  test("ends some time after its last fact", async ({ stage }) => {
    const { redis, keys } = stage;
    const tell = createTeller(writerWith(stage, { maxFacts: 1000, ttlHours: 2 }), audience);
    await tell(fact());
    const log = keys.log(partition, audience);
    const meta = keys.meta(partition, audience);
    const left = () => redis.pttl(log);
    expect(await left()).toBeGreaterThan(2 * HOUR_MS);
    expect(await left()).toBeLessThanOrEqual(2 * HOUR_MS * (1 + 1 / 64));
    // As it is three minutes later.
    await redis.hincrby(meta, "renewedAt", -180_000);
    await redis.pexpire(log, (await left()) - 180_000);
    expect(await left()).toBeLessThan(2 * HOUR_MS);
    await tell(fact());
    expect(await left()).toBeGreaterThan(2 * HOUR_MS);
  });

  test("holds about as many facts as it may, the newest", async ({ stage }) => {
    const { redis, keys } = stage;
    const tell = createTeller(writerWith(stage, { maxFacts: 100, ttlHours: 1 }), audience);
    for (const _ of upTo(5)) await tell(...upTo(100).map(() => fact()));
    const ids = (await redis.xrange(keys.log(partition, audience), "-", "+")).map(([id]) => id);
    // Redis trims whole nodes of its stream, of a hundred entries.
    expect(ids.length).toBeGreaterThanOrEqual(100);
    expect(ids.length).toBeLessThanOrEqual(200);
    expect(ids.at(-1)).toBe("500-0");
  });
});

describe("a feed's numbers", () => {
  test("are kept while somebody joins or stays", async ({ stage }) => {
    const { redis, keys, reader, writer } = stage;
    await createTeller(writer, audience)(fact());
    const meta = keys.meta(partition, audience);
    for (const touch of [() => reader.page({ audience }), () => reader.heads([audience])]) {
      await redis.pexpire(meta, 60_000);
      await touch();
      expect(await redis.pttl(meta)).toBeGreaterThan(META_TTL_MS - 60_000);
    }
  });
});

describe("the snapshot of a finished job", () => {
  test("goes when its time is over, also while other jobs are open", async ({ stage }) => {
    const { redis, keys } = stage;
    const ttlHours = 50 / HOUR_MS;
    const tell = createTeller(writerWith(stage, { maxFacts: 100, ttlHours }), audience);
    await tell(fact("open"));
    await tell(outcome("done"));
    await vi.waitFor(async () => {
      await tell(fact("open"));
      expect(await redis.hkeys(keys.jobs(partition, audience))).toEqual(["open"]);
    });
    expect(await redis.exists(keys.doneJobs(partition, audience))).toBe(0);
  });
});

describe("a snapshot that is given back", () => {
  const given = entry({ status: "failed" }).snapshot;
  const { jobId } = given.job;

  test("replaces none, and keeps no key for ever", async ({ stage }) => {
    const { redis, keys } = stage;
    const { restore, read } = createSnapshots({ ...stage, partitions: PARTITIONS });
    const lists = [keys.jobs(partition, audience), keys.doneJobs(partition, audience)];
    for (const snapshot of [given, { ...given, run: 7 }]) {
      await restore([audience], snapshot);
      expect(await read(audience, jobId)).toEqual(given);
      for (const key of lists) expect(await redis.pttl(key)).toBeGreaterThan(23 * HOUR_MS);
    }
  });

  test("leaves alone what open jobs keep", async ({ stage }) => {
    const { redis, keys, writer } = stage;
    const { restore } = createSnapshots({ ...stage, partitions: PARTITIONS });
    const tell = createTeller(writer, audience);
    await tell(fact("open"));
    await restore([audience], given);
    expect(await redis.pttl(keys.jobs(partition, audience))).toBe(-1);
    await tell(outcome("open"));
    const kept = await redis.hkeys(keys.jobs(partition, audience));
    expect(kept.toSorted()).toEqual([jobId, "open"]);
  });
});

describe("a page that is being read", () => {
  test("is not shared with who comes later: its tail may be older than they", async ({ stage }) => {
    const { reader } = stage;
    const first = reader.page({ audience });
    await new Promise((resolve) => setImmediate(resolve));
    const second = reader.page({ audience });
    expect(await second).not.toBe(await first);
  });
});
