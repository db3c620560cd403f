import { randomUUID } from "node:crypto";
import { Queue } from "bullmq";
import { describe, expect, vi } from "vitest";
import { createOutlook } from "../../src/jobs/outlook.ts";
import { createReadStanding } from "../../src/jobs/positions.ts";
import { createRunTimes } from "../../src/jobs/run-times.ts";
import { toSnapshot, WAITS_STEP } from "../../src/jobs/snapshot.ts";
import { createWorkerRegistry, DEAD_AFTER_MS } from "../../src/jobs/worker-registry.ts";
import { test as base } from "../support/feeds.ts";
import { createLane } from "../support/lane.ts";
import { eventsOf, listen } from "../support/listening.ts";
import { register } from "../support/registered.ts";
import { QUEUE, silent } from "../support/stage.ts";

const test = base
  .extend("lane", ({ stage }) => createLane(stage))
  .extend("registry", ({ stage }) => createWorkerRegistry(stage))
  .extend("runTimes", ({ stage }) => createRunTimes(stage))
  /** What is shown of jobs now; nothing is remembered from call to call. */
  .extend("look", ({ stage: { redis, keys } }) => async (...jobIds: string[]) => {
    const outlook = createOutlook({ redis, keys, log: silent });
    const waiting = jobIds.map((jobId) => ({ jobId, bytes: null }));
    const prospects = await outlook.ofWaiting({ type: "image", lane: "normal" }, waiting);
    return jobIds.map((jobId) => prospects.get(jobId));
  })
  .extend("queue", async ({ stage }, { onCleanup }) => {
    const queue = new Queue(QUEUE, { connection: stage.redis, prefix: stage.keys.bull(QUEUE) });
    onCleanup(() => queue.close());
    return queue;
  });
const WAIT = { timeout: 20_000, interval: 10 };
const took = (...times: number[]) => ({
  took: times.map((ms) => ({ bytes: null, ms })),
  waited: [],
});

describe("a position", () => {
  test("is the order in which jobs are then taken, whatever they went through", async ({
    stage,
    lane,
  }) => {
    await lane.submit("a", 6);
    await lane.submit("b", 3);
    await lane.submit("c", 2);
    // Two that lost their worker, as BullMQ puts them back.
    for (const name of ["a4", "b2"]) {
      await stage.redis.zrem(lane.line.prioritized, lane.idOf(name));
      await stage.redis.rpush(lane.line.wait, lane.idOf(name));
    }
    const all = ["a1", "a2", "a3", "a4", "a5", "a6", "b1", "b2", "b3", "c1", "c2"];
    const read = createReadStanding(stage);
    const { places, waiting } = await read(QUEUE, all.map(lane.idOf));
    expect(waiting).toBe(11);
    const positions = all.map((name) => places.get(lane.idOf(name))?.position ?? 0);
    const expected = all.toSorted((x, y) => positionOf(x) - positionOf(y));
    function positionOf(name: string): number {
      return positions[all.indexOf(name)] ?? 0;
    }
    expect(positions.toSorted((x, y) => x - y)).toEqual(all.map((_, i) => i + 1));

    await lane.work();

    await vi.waitFor(() => expect(lane.taken).toHaveLength(11), WAIT);
    expect(lane.taken).toEqual(expected);
  });

  test("is nothing while delayed, and once started", async ({ stage, lane, look }) => {
    const [delayed] = await lane.submit("a", 1, { delayMs: 60_000 });
    const [started] = await lane.submit("a", 1);
    await register(stage, await lane.work(() => new Promise(() => undefined)));
    await vi.waitFor(() => expect(lane.taken).toEqual(["a2"]), WAIT);
    const [waits, runs] = await look(delayed?.jobId ?? "", started?.jobId ?? "");
    expect(waits).toMatchObject({ queuePosition: null });
    expect(waits?.step).toMatch(/^Delayed until 20\d\d-.*Z$/);
    expect(Date.parse(waits?.step?.slice(14) ?? "")).toBeGreaterThan(Date.now() + 50_000);
    expect(runs).toBeUndefined();
  });
});

describe("why a job waits", () => {
  test("is said when nobody takes it, and no more when somebody does", async ({
    stage,
    lane,
    look,
    registry,
  }) => {
    const [job] = await lane.submit("a");
    const step = "No worker for jobs of type image in the normal lane is running";
    expect(await look(job?.jobId ?? "")).toMatchObject([{ queuePosition: 1, step }]);
    await registry.pulse({ id: "w", queues: { "image.large": { concurrency: 2, active: 0 } } });
    expect(await look(job?.jobId ?? "")).toMatchObject([{ step }]);
    await register(stage, { name: QUEUE, concurrency: 1 });
    expect(await look(job?.jobId ?? "")).toMatchObject([{ queuePosition: 1, step: null }]);
  });

  test("is said of one that follows another, which has no time yet", async ({ stage, look }) => {
    const { jobId } = await stage.submit({ parentId: "parent" });
    const step = WAITS_STEP;
    expect(await look(jobId)).toEqual([{ queuePosition: null, estimatedTime: null, step }]);
  });

  test("is said of one that no worker of ours will take", async ({ stage }) => {
    const { redis, keys } = stage;
    const { jobId } = await stage.submit({ type: "external" });
    const outlook = createOutlook({ redis, keys, log: silent });
    const lineup = { type: "external", lane: "normal" } as const;
    const prospects = await outlook.ofWaiting(lineup, [{ jobId, bytes: null }]);
    expect(prospects.get(jobId)).toMatchObject({ step: "Waits for a service to claim it" });
  });

  test("is said while its queue is paused", async ({ stage, lane, look, queue }) => {
    const [job] = await lane.submit("a");
    await register(stage, { name: QUEUE, concurrency: 1 });
    await queue.pause();
    const step = "The normal lane for jobs of type image is paused";
    expect(await look(job?.jobId ?? "")).toMatchObject([{ step, estimatedTime: null }]);
    await queue.resume();
    expect(await look(job?.jobId ?? "")).toMatchObject([{ step: null }]);
  });

  test.for(["of the queue", "that a service asked for"])(
    "is said while a rate limit %s holds",
    async (whose, { stage, lane, look, queue }) => {
      await lane.submit("a", 3);
      const worker = await lane.work(() => new Promise(() => undefined), 3);
      await register(stage, worker);
      const [late] = await lane.submit("b");
      if (whose === "of the queue") await queue.setGlobalRateLimit(1, 60_000);
      await queue.rateLimit(60_000);
      await vi.waitFor(async () =>
        expect(await look(late?.jobId ?? "")).toMatchObject([
          { step: "Held back by a rate limit" },
        ]),
      );
    },
  );
});

describe("an estimate", () => {
  test("is nothing before a handful of jobs has run, and without a worker", async ({
    stage,
    lane,
    look,
    runTimes,
  }) => {
    const [job] = await lane.submit("a");
    await register(stage, { name: QUEUE, concurrency: 1 });
    await runTimes.note(QUEUE, took(1000, 1000, 1000, 1000));
    expect(await look(job?.jobId ?? "")).toMatchObject([{ estimatedTime: null }]);
    await runTimes.note(QUEUE, took(1000));
    expect(await look(job?.jobId ?? "")).toMatchObject([{ estimatedTime: 1 }]);
    await createWorkerRegistry(stage).leave("worker-1");
    expect(await look(job?.jobId ?? "")).toMatchObject([{ estimatedTime: null }]);
  });

  test("counts the jobs ahead and the slots of all workers", async ({
    stage,
    lane,
    look,
    runTimes,
  }) => {
    await runTimes.note(QUEUE, took(10_000, 10_000, 10_000, 10_000, 10_000));
    const jobs = await lane.submit("a", 8);
    // All slots are taken.
    await stage.redis.rpush(lane.line.active, "x", "y", "z", "w");
    await register(stage, { name: QUEUE, concurrency: 2 }, "one");
    await register(stage, { name: QUEUE, concurrency: 2 }, "two");
    const [first, eighth] = await look(jobs[0]?.jobId ?? "", jobs[7]?.jobId ?? "");
    expect(first?.estimatedTime).toBeCloseTo(11, 0);
    expect(eighth?.estimatedTime).toBeCloseTo(10 + (7.5 * 10) / 4, 0);
  });

  test("is of jobs of about the same size", async ({ stage, lane, runTimes }) => {
    const { redis, keys } = stage;
    await runTimes.note(QUEUE, {
      took: [2, 2, 2, 2, 2, 30, 30, 30, 30, 30].map((seconds) => ({
        bytes: seconds === 2 ? 10_000 : 50_000_000,
        ms: seconds * 1000,
      })),
      waited: [],
    });
    const [small, large] = await lane.submit("a", 2);
    await register(stage, { name: QUEUE, concurrency: 4 });
    const outlook = createOutlook({ redis, keys, log: silent });
    const prospects = await outlook.ofWaiting({ type: "image", lane: "normal" }, [
      { jobId: small?.jobId ?? "", bytes: 12_000 },
      { jobId: large?.jobId ?? "", bytes: 40_000_000 },
    ]);
    expect([...prospects.values()].map(({ estimatedTime }) => estimatedTime)).toEqual([2, 30]);
  });

  test("is made from what others took as of two seconds ago at most", async ({ stage }) => {
    let now = Date.now();
    const runTimes = createRunTimes({ ...stage, now: () => now });
    const median = async () => (await runTimes.durations(QUEUE)).all?.median;
    await runTimes.note(QUEUE, took(10, 10, 10, 10, 10));
    expect(await median()).toBe(10);
    await runTimes.note(QUEUE, took(30, 30, 30, 30, 30, 30));
    now += 1999;
    expect(await median()).toBe(10);
    now += 1;
    expect(await median()).toBe(30);
  });

  test("is learnt from what the queue tells, and off by less than a quarter as a rule", async ({
    stage,
    lane,
  }) => {
    const errors: number[] = [];
    stage.recorder({ onEstimate: (_queue, error) => errors.push(error) });
    const node = await stage.node();
    const { items } = await listen(node, "user:a");
    let mayRun = Promise.resolve();
    const worker = await lane.work(async () => {
      await mayRun;
      await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 40));
    }, 4);
    await register(stage, worker);
    await lane.submit("a", 40);
    await vi.waitFor(
      () => expect(eventsOf(items).filter((name) => name === "job-completed")).toHaveLength(40),
      WAIT,
    );
    const started = items.flatMap((item) =>
      item.kind === "fact" && item.event === "job-started" ? [JSON.parse(item.data)] : [],
    );
    expect(started[0].estimatedTime).toBe(null);
    await vi.waitFor(async () => {
      const { all } = await createRunTimes(stage).durations(QUEUE);
      expect(all?.median).toBeGreaterThan(190);
    }, WAIT);

    const looked = Promise.withResolvers<void>();
    mayRun = looked.promise;
    const jobs = await lane.submit("a", 20);
    const { redis, keys } = stage;
    const outlook = createOutlook({ redis, keys, log: silent });
    const since = Date.now();
    const shown = await outlook.show(jobs.map((job) => toSnapshot(job).job));
    looked.resolve();
    const guesses = new Map(shown.map((job) => [job.jobId, job.estimatedTime]));
    await vi.waitFor(
      () => expect(eventsOf(items).filter((name) => name === "job-completed")).toHaveLength(60),
      WAIT,
    );
    const off = items.flatMap((item) => {
      if (item.kind !== "fact" || item.event !== "job-completed") return [];
      const guess = guesses.get(item.jobId);
      if (typeof guess !== "number") return [];
      const seconds = (Date.parse(JSON.parse(item.data).finishedAt) - since) / 1000;
      return [Math.abs(guess - seconds) / seconds];
    });
    expect(off.length).toBeGreaterThan(10);
    expect(off.toSorted((x, y) => x - y)[Math.floor(off.length / 2)]).toBeLessThan(0.25);
    expect(errors.length).toBeGreaterThan(10);
    expect((await createRunTimes(stage).waits(QUEUE)).count).toBe(60);
  }, 60_000);
});

describe("a worker process", () => {
  test("is counted until it leaves, or says nothing for too long", async ({ stage, registry }) => {
    await registry.pulse({ id: "a", queues: { q: { concurrency: 2, active: 1 } } });
    await registry.pulse({ id: "b", queues: {} });
    await registry.pulse({ id: "c", queues: {} });
    expect((await registry.read()).map(({ id }) => id).toSorted()).toEqual(["a", "b", "c"]);
    await registry.leave("b");
    await stage.redis.zincrby(stage.keys.workers.pulses, -DEAD_AFTER_MS, "c");
    const alive = await registry.read();
    expect(alive).toMatchObject([{ id: "a", queues: { q: { concurrency: 2, active: 1 } } }]);
    expect(Math.abs((alive[0]?.lastSeen ?? 0) - Date.now())).toBeLessThan(1000);
    expect(await stage.redis.hkeys(stage.keys.workers.saying)).toEqual(["a"]);
  });
});

describe("jobs that are shown", () => {
  test("stay as they are when Redis cannot say", async ({ stage }) => {
    const redis = stage.connect("away");
    await redis.quit();
    const outlook = createOutlook({ redis, keys: stage.keys, log: silent });
    const { job } = toSnapshot(await stage.submit({ jobId: randomUUID() }));
    expect(await outlook.show([job])).toEqual([job]);
  });
});
