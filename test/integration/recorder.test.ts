import { UnrecoverableError } from "bullmq";
import { describe, expect, vi } from "vitest";
import { parseCursor } from "../../src/contract/cursor.ts";
import type { Audience } from "../../src/contract/names.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { test } from "../support/feeds.ts";
import { type Ear, eventsOf, listen, namesOf, seqsOf } from "../support/listening.ts";
import { PARTITIONS, QUEUE, type Stage, sign } from "../support/stage.ts";
import type { Item } from "../../src/feeds/item.ts";
import { openGate } from "../support/tcp-gate.ts";

const audience = "user:42";
const partition = partitionOf(audience, PARTITIONS);

const dataOf = (items: Item[]) =>
  items.flatMap((item) => (item.kind === "resync" ? [] : [JSON.parse(item.data)]));

/** A recorder at work, and somebody who listens. */
async function setUp(stage: Stage, listener: Audience = audience): Promise<Ear> {
  const ear = await listen(await stage.node(), listener);
  stage.recorder();
  return ear;
}

const gaugesOf = (items: Item[]) => dataOf(items.filter(({ kind }) => kind === "gauge"));

const progress = (run: number, percent: number, error?: object) =>
  JSON.stringify({ run, percent, step: null, ...(error === undefined ? {} : { error }) });

/** The places at which the progress of a run went back. */
const backwards = (jobs: { attempt: number; progress: number }[]): number[] =>
  jobs.flatMap(({ attempt, progress: percent }, i) => {
    const before = jobs[i - 1];
    return before?.attempt === attempt && before.progress > percent ? [i] : [];
  });

/** Writes into a queue's stream what BullMQ would. */
async function emit({ redis, keys }: Stage, event: string, jobId: string, more: object = {}) {
  const fields = Object.entries({ event, jobId, ...more }).flat();
  return String(await redis.xadd(keys.events(QUEUE), "*", ...fields));
}

describe("the recorder", () => {
  test("tells a job's whole story to its owner", async ({ stage }) => {
    const { items } = await setUp(stage);
    await stage.work(async (job) => {
      const run = job.data.runBase + job.attemptsStarted;
      await job.updateProgress({ run, percent: 50, step: "half" });
      return {
        width: 1,
        files: [{ key: "k", name: "a.jpg", contentType: "image/jpeg", bytes: 3 }],
      };
    });
    const { jobId } = await stage.submit();
    await vi.waitFor(
      () => expect(eventsOf(items)).toEqual(["job-queued", "job-started", "job-completed"]),
      5000,
    );
    const told = dataOf(items).at(-1);
    expect(told).toMatchObject({
      jobId,
      status: "completed",
      progress: 100,
      attempt: 1,
      feed: audience,
    });
    expect(told.result.files).toEqual([
      { name: "a.jpg", contentType: "image/jpeg", bytes: 3, ...sign("k") },
    ]);
    expect(parseCursor(told.cursor)?.seq).toBe(3);
    expect(await stage.redis.ttl(stage.keys.job(jobId))).toBeGreaterThan(86_000);
  });

  test("gives an event the same id on every feed that tells it", async ({ stage }) => {
    const node = await stage.node();
    const audiences: Audience[] = ["user:1", "group:a", "case:c"];
    const ears = await Promise.all(audiences.map((one) => listen(node, one)));
    stage.recorder();
    await stage.work(async () => ({}));
    await stage.submit({ audiences });
    await vi.waitFor(() => {
      for (const { items } of ears) expect(eventsOf(items)).toHaveLength(3);
    });
    const ids = ears.map(({ items }) =>
      dataOf(items).flatMap(({ eventId }) => (eventId === undefined ? [] : [eventId])),
    );
    expect(new Set(ids[0]).size).toBe(3);
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
  });

  test("announces a retry that the worker has marked, and opens the next run", async ({
    stage,
  }) => {
    const { items } = await setUp(stage);
    const { jobId } = await stage.submit();
    for (const [event, more] of [
      ["active", { prev: "waiting" }],
      ["progress", { data: progress(1, 40) }],
      ["progress", { data: progress(1, 40, { code: "timeout", message: "Too slow" }) }],
      ["waiting", { prev: "active" }],
      ["active", { prev: "waiting" }],
      ["completed", { returnvalue: "{}", prev: "active" }],
    ] as const)
      await emit(stage, event, jobId, more);
    await vi.waitFor(() => expect(eventsOf(items)).toHaveLength(5));
    expect(eventsOf(items)).toEqual([
      "job-queued",
      "job-started",
      "job-retrying",
      "job-started",
      "job-completed",
    ]);
    const facts = dataOf(items.filter(({ kind }) => kind === "fact"));
    expect(facts[2]).toMatchObject({ status: "queued", attempt: 1, error: { code: "timeout" } });
    expect(facts[3]).toMatchObject({ status: "processing", attempt: 2, progress: 0, error: null });
  });

  test("tells no fact of a quiet return to the queue", async ({ stage }) => {
    const { items } = await setUp(stage);
    const { jobId } = await stage.submit();
    await emit(stage, "active", jobId);
    await emit(stage, "waiting", jobId, { prev: "active" });
    await emit(stage, "active", jobId);
    await emit(stage, "completed", jobId, { returnvalue: "{}" });
    await vi.waitFor(() => expect(eventsOf(items).at(-1)).toBe("job-completed"));
    expect(eventsOf(items)).not.toContain("job-retrying");
  });

  test("refuses what a zombie says, and never lets progress go back", async ({ stage }) => {
    const { items } = await setUp(stage);
    const { jobId } = await stage.submit();
    const say = async (event: string, more: object = {}, gauges?: number) => {
      await emit(stage, event, jobId, more);
      // One after the other, so that none is left out as old.
      if (gauges !== undefined)
        await vi.waitFor(() => expect(gaugesOf(items)).toHaveLength(gauges));
    };
    await say("active");
    await say("progress", { data: progress(1, 60) }, 1);
    await say("progress", { data: progress(1, 30) }, 2);
    await say("waiting", { prev: "active" });
    await say("stalled");
    await say("active");
    await say("progress", { data: progress(1, 99) });
    await say("progress", { data: progress(2, 10) });
    await vi.waitFor(() => expect(gaugesOf(items).at(-1)).toMatchObject({ progress: 10 }));
    await say("completed", { returnvalue: '{"by":2}' });
    await say("progress", { data: progress(2, 80) });
    await say("completed", { returnvalue: '{"by":1}' });
    await say("failed", { failedReason: "zombie" });
    const last = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items, last.jobId)).toEqual(["job-queued"]));

    expect(eventsOf(items, jobId)).toEqual([
      "job-queued",
      "job-started",
      "job-retrying",
      "job-started",
      "job-completed",
    ]);
    expect(dataOf(items).find(({ status }) => status === "completed").result).toEqual({ by: 2 });
    expect(dataOf(items).filter(({ progress: percent }) => percent === 99)).toEqual([]);
    expect(
      backwards(dataOf(items.filter((item) => "jobId" in item && item.jobId === jobId))),
    ).toEqual([]);
    const outcome = items.findIndex((item) => "event" in item && item.event === "job-completed");
    expect(namesOf(items.slice(outcome + 1))).toEqual([`job-queued ${eventsOf(items).length}`]);
  });

  test("opens the next run when a failed job is retried by hand", async ({ stage }) => {
    const { items } = await setUp(stage);
    const worker = await stage.work(async (job) => {
      if (job.data.retries === 0) throw new UnrecoverableError("bad");
      return {};
    });
    const job = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items).at(-1)).toBe("job-failed"));
    await worker.pause();
    const queued = await stage.queues.find(job);
    if (queued === undefined) throw new Error("The failed job is gone");
    expect(await stage.queues.retry(job, queued, 1)).toBe(true);
    await worker.resume();
    await vi.waitFor(() => expect(eventsOf(items).at(-1)).toBe("job-completed"));
    expect(eventsOf(items)).toEqual([
      "job-queued",
      "job-started",
      "job-failed",
      "job-queued",
      "job-started",
      "job-completed",
    ]);
    expect(dataOf(items).at(-1)).toMatchObject({ attempt: 2, status: "completed" });
  });

  test("tells of a waiting job that was removed", async ({ stage }) => {
    const { items } = await setUp(stage);
    const job = await stage.submit();
    const queued = await stage.queues.find(job);
    await queued?.remove();
    await vi.waitFor(() => expect(eventsOf(items)).toEqual(["job-queued", "job-cancelled"]));
  });

  test("says of a flood of progress little, and the last of it always", async ({ stage }) => {
    const { items } = await setUp(stage);
    const { jobId } = await stage.submit();
    await emit(stage, "active", jobId);
    const pipeline = stage.redis.pipeline();
    for (let n = 1; n <= 2000; n += 1)
      pipeline.xadd(
        stage.keys.events(QUEUE),
        "*",
        "event",
        "progress",
        "jobId",
        jobId,
        "data",
        progress(1, n / 20),
      );
    await pipeline.exec();
    await vi.waitFor(() => expect(gaugesOf(items).at(-1)).toMatchObject({ progress: 100 }));
    expect(gaugesOf(items).length).toBeLessThan(20);
    expect(await stage.redis.xlen(stage.keys.tail(partition))).toBeLessThan(50);
  });

  test("reads on when its lease was lost and came back", async ({ stage }) => {
    const { redis, keys } = stage;
    const { items } = await setUp(stage);
    await stage.submit();
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1]));
    await redis.hset(keys.lease(QUEUE), "holder", "somebody else");
    await redis.pexpire(keys.lease(QUEUE), 1000);
    const fence = async () => Number(await redis.hget(keys.lease(QUEUE), "fence"));
    await vi.waitFor(async () => expect(await fence()).toBe(2));
    await stage.submit();
    await vi.waitFor(() => expect(seqsOf(items)).toEqual([1, 2]));
  });

  test("closes in time while Redis is away", async ({ stage }) => {
    const gate = await openGate(Number(new URL(stage.url).port));
    const recorder = stage.recorder({ target: `redis://127.0.0.1:${gate.port}` });
    await vi.waitFor(async () =>
      expect(await stage.redis.exists(stage.keys.lease("keeper"))).toBe(1),
    );
    gate.shut();
    const closed = vi.fn();
    void recorder.close().then(closed);
    await vi.waitFor(() => expect(closed).toHaveBeenCalled(), 6000);
    await gate.close();
  });
});
