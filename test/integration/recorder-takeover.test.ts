import { describe, expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import { fromPairs } from "../../src/lib/array.ts";
import { toEntries } from "../../src/recorder/entries.ts";
import { toSourceEvent } from "../../src/recorder/queue-events.ts";
import { sleep } from "../../src/lib/sleep.ts";
import { type Ear, listen, seqsOf, upTo } from "../support/listening.ts";
import { QUEUE, sign, type Stage } from "../support/stage.ts";
import { end, test } from "../support/recorder-processes.ts";
import { record } from "../support/jobs.ts";

const audience: Audience = "user:42";
async function hasLease({ redis, keys }: Stage, holder: string): Promise<void> {
  await vi.waitFor(async () => {
    expect(await redis.hget(keys.lease(QUEUE), "holder")).toBe(holder);
  });
}

/** What the queue's events say, told by one reader without a hitch. */
async function asBullMqHasIt({ redis, keys }: Stage): Promise<string[]> {
  const stream = await redis.xrange(keys.events(QUEUE), "-", "+");
  const told = stream.flatMap(([id, flat]) => {
    const event = toSourceEvent(id, fromPairs(flat));
    return event === undefined ? [] : [{ event, record: record({ jobId: event.jobId }) }];
  });
  const { entries } = toEntries(told, new Map(), QUEUE, sign);
  return entries.flatMap(({ kind, event, jobId }) =>
    kind === "fact" ? [`${event} ${jobId}`] : [],
  );
}

const heard = ({ items }: Ear): string[] =>
  items.flatMap((item) => (item.kind === "fact" ? [`${item.event} ${item.jobId}`] : []));

/** Jobs that are worked on until the test has seen enough. */
async function flow(stage: Stage): Promise<{ stop(): Promise<number> }> {
  await stage.work(async (job) => {
    const run = job.data.runBase + job.attemptsStarted;
    for (const percent of [30, 60]) await job.updateProgress({ run, percent, step: null });
    return {};
  }, 4);
  const over = new AbortController();
  let jobs = 0;
  const load = (async () => {
    // Paced, so that the backlog of a takeover stays small.
    for (; !over.signal.aborted; jobs += 1) await Promise.all([stage.submit(), sleep(5)]);
  })();
  return {
    async stop() {
      over.abort();
      await load;
      return jobs;
    },
  };
}

async function expectAllTold(stage: Stage, ear: Ear, jobs: number): Promise<void> {
  await vi.waitFor(() => expect(heard(ear).length).toBe(jobs * 3), 15_000);
  expect(heard(ear)).toEqual(await asBullMqHasIt(stage));
  expect(seqsOf(ear.items)).toEqual(upTo(jobs * 3));
}

describe("of two recorders", () => {
  test("one reads, and when it freezes the other takes over; thawed, it writes nothing", async ({
    stage,
    start,
  }) => {
    const ear = await listen(await stage.node(), audience);
    const first = start("first");
    await hasLease(stage, "first");
    stage.recorder({ holder: "second" });
    const load = await flow(stage);
    await vi.waitFor(() => expect(heard(ear).length).toBeGreaterThan(50));

    first.kill("SIGSTOP");
    await hasLease(stage, "second");
    const { length } = heard(ear);
    await vi.waitFor(() => expect(heard(ear).length).toBeGreaterThan(length + 100));
    first.kill("SIGCONT");
    await vi.waitFor(() => expect(heard(ear).length).toBeGreaterThan(length + 300));
    expect(await stage.redis.hget(stage.keys.lease(QUEUE), "holder")).toBe("second");
    const jobs = await load.stop();
    expect(jobs).toBeGreaterThan(100);
    await expectAllTold(stage, ear, jobs);
  });

  test("one is killed again and again in mid-flow, and nothing is told twice", async ({
    stage,
    start,
  }) => {
    const ear = await listen(await stage.node(), audience);
    const load = await flow(stage);
    for (const name of ["one", "two", "three"]) {
      const { length } = heard(ear);
      const child = start(name);
      await vi.waitFor(() => expect(heard(ear).length).toBeGreaterThan(length));
      await end(child);
    }
    stage.recorder({ holder: "last" });
    await expectAllTold(stage, ear, await load.stop());
  });

  test("the second repeats nothing when the first died before it had noted its place", async ({
    stage,
  }) => {
    const { redis, keys } = stage;
    const ear = await listen(await stage.node(), audience);
    const first = stage.recorder({ holder: "first" });
    for (const _ of upTo(20)) {
      const { jobId } = await stage.submit();
      await redis.xadd(keys.events(QUEUE), "*", "event", "active", "jobId", jobId);
    }
    await vi.waitFor(() => expect(seqsOf(ear.items)).toEqual(upTo(40)));
    await first.close();
    await redis.del(keys.place(QUEUE));
    stage.recorder({ holder: "second" });
    await stage.submit();
    await vi.waitFor(() => expect(seqsOf(ear.items)).toEqual(upTo(41)));
    expect(heard(ear)).toEqual(await asBullMqHasIt(stage));
  });

  test("one that leaves gives its lease back at once", async ({ stage }) => {
    const first = stage.recorder({ holder: "first", leaseTtlMs: 60_000 });
    await hasLease(stage, "first");
    await first.close();
    expect(await stage.redis.exists(stage.keys.lease(QUEUE), stage.keys.lease("keeper"))).toBe(0);
  });
});
