import { describe, expect, vi } from "vitest";
import { formatCursor } from "../../src/contract/cursor.ts";
import type { Audience } from "../../src/contract/names.ts";
import type { Feeds } from "../../src/feeds/feeds.ts";
import type { Item } from "../../src/feeds/item.ts";
import { sleep } from "../../src/lib/sleep.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { test } from "../support/feeds.ts";
import { type Ear, joinOnly, listen, namesOf, seqsOf, upTo } from "../support/listening.ts";
import { PARTITIONS, type Stage } from "../support/stage.ts";
import { createTeller, fact, gauge, outcome } from "../support/telling.ts";

const audience: Audience = "user:42";
const partition = partitionOf(audience, PARTITIONS);

/** n+1 … m. */
const between = (n: number, m: number): number[] => upTo(m - n).map((seq) => n + seq);

/** Facts and gauges of a dozen jobs, each job ended and followed by another, until it is stopped. */
function flow(stage: Stage) {
  const tell = createTeller(stage.writer, audience);
  const over = new AbortController();
  let round = 0;
  const load = (async () => {
    for (; !over.signal.aborted; round += 1) {
      const jobs = upTo(12).map((n) => `job-${round}-${n}`);
      await tell(...jobs.map((job) => fact(job)));
      for (const progress of [20, 40, 60, 80])
        await tell(...jobs.map((job) => gauge(job, progress)));
      await tell(...jobs.map((job) => outcome(job)));
      // So that the log keeps all of it.
      await sleep(5);
    }
  })();
  return {
    async stop(): Promise<number> {
      over.abort();
      await load;
      return round * 24;
    },
  };
}

interface Joined extends Ear {
  from: number;
  /** Open jobs as the snapshot had them, by their progress. */
  shown: Map<string, number>;
}

async function joinSomewhere(node: Feeds, head: { epoch: string; seq: number }): Promise<Joined> {
  const from = Math.floor(Math.random() * head.seq);
  const cursor = formatCursor({ epoch: head.epoch, seq: from });
  const drained = () => sleep(Math.random() * 5);
  const ear = await joinOnly(node, { audience, cursor, drained, maxOpenJobs: 100 });
  const open = ear.seat.open.map((text) => JSON.parse(text).job);
  const shown = new Map<string, number>(open.map(({ jobId, progress }) => [jobId, progress ?? 0]));
  if (Math.random() < 0.5) await sleep(Math.random() * 20);
  ear.seat.start();
  return { ...ear, from, shown };
}

/** Gauges that came after their job's outcome, or were older than one before or than the snapshot. */
function staleGauges(items: Item[], shown: Map<string, number>): Item[] {
  const ended = new Set<string>();
  const newest = new Map(shown);
  return items.filter((item) => {
    if (item.kind === "fact" && item.event === "job-completed") ended.add(item.jobId);
    if (item.kind !== "gauge") return false;
    const { progress = 0 } = JSON.parse(item.data);
    const isStale = ended.has(item.jobId) || progress < (newest.get(item.jobId) ?? 0);
    newest.set(item.jobId, progress);
    return isStale;
  });
}

describe("joining while much is said", () => {
  test("hears each fact after the cursor once and in order, and no stale gauge", async ({
    stage,
  }) => {
    const nodes = [await stage.node(), await stage.node()];
    const load = flow(stage);
    const joined: Joined[] = [];
    for (let n = 0; n < 120; n += 1) {
      const node = nodes[n % 2];
      const { head } = await stage.reader.page({ audience });
      if (node !== undefined) joined.push(await joinSomewhere(node, head));
      const leaver = joined[n - 40];
      if (n % 3 === 0) leaver?.seat.leave();
    }
    const left = new Set(joined.filter((_, n) => (n + 40) % 3 === 0 && n + 40 < 120));
    const said = await load.stop();
    const staying = joined.filter((one) => !left.has(one));
    for (const { items, from } of staying)
      await vi.waitFor(() => expect(seqsOf(items)).toEqual(between(from, said)));
    for (const { items, shown } of joined) {
      expect(staleGauges(items, shown)).toEqual([]);
      expect(namesOf(items).join()).not.toContain("resync");
    }
    expect(staying.length).toBeGreaterThan(60);
  });

  test("many at once read the log once", async ({ stage }) => {
    const tell = createTeller(stage.writer, audience);
    await tell(...upTo(50).map(() => fact()));
    const redis = stage.connect();
    const node = await stage.node({ redis });
    const { head } = await stage.reader.page({ audience });
    const reads = vi.spyOn(redis, "evalsha");
    const ears = await Promise.all(
      upTo(100).map(() => listen(node, audience, formatCursor({ ...head, seq: 10 }))),
    );
    expect(reads).toHaveBeenCalledOnce();
    await tell(fact());
    for (const { items } of ears)
      await vi.waitFor(() => expect(seqsOf(items)).toEqual(between(10, 51)));
  });
});

describe("a join", () => {
  test("is given snapshots, counts and the job asked for, all of its cursor", async ({ stage }) => {
    const tell = createTeller(stage.writer, audience);
    await tell(fact("a"), fact("b"));
    await tell(gauge("b", 30), outcome("a"));
    const node = await stage.node();
    const { seat } = await joinOnly(node, { audience, maxOpenJobs: 5, jobId: "a" });
    expect(seat).toMatchObject({
      openJobs: 1,
      open: [gauge("b", 30).snapshot],
      isRecovered: false,
    });
    expect(seat.job).toBe(outcome("a").snapshot);
    expect(seat.cursor.seq).toBe(3);
  });

  test("with a cursor that cannot be replayed goes on from the feed's head", async ({ stage }) => {
    const { redis, keys } = stage;
    const tell = createTeller(stage.writer, audience);
    for (const _ of upTo(5)) await tell(fact());
    const node = await stage.node();
    const { head } = await stage.reader.page({ audience });
    await redis.xtrim(keys.log(partition, audience), "MINID", "4-0");
    const cursors = ["nonsense", `${head.epoch}-6`, "0.0-1", `${head.epoch}-1`];
    const ears = await Promise.all(cursors.map((cursor) => listen(node, audience, cursor)));
    await tell(fact());
    const reasons = ["unknown", "unknown", "epoch", "expired"];
    for (const [i, { items, seat }] of ears.entries()) {
      await vi.waitFor(() =>
        expect(namesOf(items)).toEqual([`resync ${reasons[i]}`, "job-started 6"]),
      );
      expect(items[0]).toMatchObject({ cursor: head });
      expect(seat.isRecovered).toBe(false);
    }
  });

  test("hears a resync when the partition begins a new generation", async ({ stage }) => {
    const { redis, keys, writer } = stage;
    const node = await stage.node();
    const ear = await listen(node, audience);
    const tell = createTeller(writer, audience);
    await tell(fact());
    await redis.hset(keys.partition(partition), "generation", "next");
    await tell(fact());
    await vi.waitFor(() => expect(namesOf(ear.items)).toContain("resync epoch"));
    await tell(fact());
    const facts = () => namesOf(ear.items.filter(({ kind }) => kind !== "gauge"));
    await vi.waitFor(() =>
      expect(facts()).toEqual(["job-started 1", "resync epoch", "job-started 3"]),
    );
  });
});

describe("gauges", () => {
  test("of a job come at most ten a second, and the last one always", async ({ stage }) => {
    const node = await stage.node();
    const times: number[] = [];
    const items: Item[] = [];
    const listener = {
      hear(item: Item) {
        times.push(performance.now());
        items.push(item);
      },
    };
    const { seat } = await joinOnly(node, { audience, listener });
    seat.start();
    const tell = createTeller(stage.writer, audience);
    for (const n of upTo(300)) await Promise.all([tell(gauge("a", n)), sleep(2)]);
    await vi.waitFor(() => expect(items.at(-1)).toMatchObject({ data: gauge("a", 300).body }));
    for (const time of times)
      // Timers are exact to a millisecond or two.
      expect(times.filter((one) => one >= time && one < time + 980).length).toBeLessThanOrEqual(10);
    expect(items.length).toBeGreaterThan(4);
  });
});
