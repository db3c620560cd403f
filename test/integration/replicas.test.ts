import { randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { describe, expect, vi } from "vitest";
import { UnrecoverableError } from "bullmq";
import { queueName } from "../../src/contract/names.ts";
import { createJobs, type JobsDeps } from "../../src/jobs/create-jobs.ts";
import { toSnapshot } from "../../src/jobs/snapshot.ts";
import { sweep } from "../../src/recorder/sweep.ts";
import { openStrictRedis } from "../../src/redis/connect.ts";
import { createReplicas } from "../../src/redis/replicas.ts";
import { NONE } from "../support/applier.ts";
import { endUnheard } from "../support/both-feeds.ts";
import { isCaughtUp } from "../support/caught-up.ts";
import { eventsOf, listen } from "../support/listening.ts";
import { caller, request, test as base } from "../support/jobs-service.ts";
import { startReplicated, waitsOf } from "../support/replica.ts";
import { leaseOf, openStage, PARTITIONS, sign, silent, type Stage } from "../support/stage.ts";

const WAIT_MS = 300;

/** The service of jobs on a primary of the test's own, which has a replica once it is told to. */
const test = base
  .extend("pair", async ({}, { onCleanup }) => {
    const pair = await startReplicated();
    onCleanup(pair.close);
    return pair;
  })
  .extend("serviceUrl", ({ pair }) => pair.url)
  .extend("redis", ({ pair }) => pair.primary)
  .extend("open", async ({ pair, service }, { onCleanup }) => {
    const opened = new AsyncDisposableStack();
    onCleanup(() => opened.disposeAsync());
    return async (more: Partial<JobsDeps> = {}) => {
      const redis = openStrictRedis(pair.url, "replicas", 2000);
      redis.on("error", () => undefined);
      await new Promise((resolve) => redis.once("ready", resolve));
      const options = { redis, keys: service.keys, log: silent, lookEveryMs: 60_000 };
      const replicas = createReplicas({ ...options, timeoutMs: WAIT_MS });
      opened.defer(() => {
        replicas.close();
        redis.disconnect();
      });
      return { replicas, jobs: createJobs({ ...service.deps, replicas, ...more }) };
    };
  });

const UNAVAILABLE = { code: "unavailable", retryAfterSeconds: 5 };
const line = queueName("image", "normal");

describe.concurrent("a submit, with a replica", () => {
  test("that was answered is on the replica", async ({ pair, open, service }) => {
    await pair.follow();
    const { jobs } = await open();
    for (let i = 0; i < 10; i += 1) {
      const { job } = await jobs.submit({ request: request(), caller: caller() });
      pair.freeze();
      pair.thaw();
      expect(await pair.replica.exists(service.keys.bullKey(line, job.jobId))).toBe(1);
    }
    expect(await waitsOf(pair.primary)).toBeGreaterThanOrEqual(10);
  });

  test("is refused while no replica confirms it, leaves nothing, and goes through later", async ({
    pair,
    open,
    service,
  }) => {
    await pair.follow();
    const { jobs } = await open();
    const owner = caller();
    const one = { request: request(), caller: owner };
    await jobs.submit({ request: request(), caller: caller() });
    const before = await keysOf(pair.primary);
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    const awaited = () =>
      Promise.all(partitions.map((partition) => pair.primary.zcard(service.keys.open(partition))));
    const awaitedBefore = await awaited();
    pair.freeze();
    await expect(jobs.submit(one)).rejects.toMatchObject(UNAVAILABLE);
    await vi.waitFor(async () => expect(await keysOf(pair.primary)).toEqual(before));
    expect(await awaited()).toEqual(awaitedBefore);
    expect((await jobs.list({}, owner)).items).toEqual([]);
    pair.thaw();
    const { job } = await vi.waitFor(() => jobs.submit(one));
    expect((await service.queues.find(job))?.id).toBe(job.jobId);
  });

  test("with a key gives one job when it is repeated after a refusal", async ({ pair, open }) => {
    await pair.follow();
    const { jobs } = await open();
    const owner = caller();
    const idempotency = { key: randomUUID(), bodyHash: "a" };
    const one = { request: request(), caller: owner, idempotency };
    pair.freeze();
    await expect(jobs.submit(one)).rejects.toMatchObject(UNAVAILABLE);
    pair.thaw();
    const { job } = await vi.waitFor(() => jobs.submit(one));
    expect((await jobs.submit(one)).job.jobId).toBe(job.jobId);
    expect((await jobs.list({}, owner)).items).toHaveLength(1);
  });

  test("with a key, whose job a worker had already, is not confirmed by a repeat before a replica does", async ({
    pair,
    open,
    service,
  }) => {
    await pair.follow();
    const { jobs } = await open();
    const now = () => Date.now() + 31_000;
    const { jobs: later } = await open({ now });
    const idempotency = { key: randomUUID(), bodyHash: "a" };
    const one = { request: request(), caller: caller(), idempotency };
    const running = Promise.withResolvers<{ jobId: string }>();
    await service.work("image", async ({ id = "" }) => {
      running.resolve({ jobId: id });
      return await new Promise<never>(() => {});
    });
    pair.freeze();
    await expect(jobs.submit(one)).rejects.toMatchObject(UNAVAILABLE);
    const { jobId } = await running.promise;
    const recorded = await service.records.read(jobId);
    if (recorded === undefined) throw new Error("The job stands");
    await service.tell({ run: 1, retries: 0, mark: null, job: toSnapshot(recorded.record).job });
    await expect(later.submit(one)).rejects.toMatchObject(UNAVAILABLE);
    pair.thaw();
    expect((await vi.waitFor(() => later.submit(one))).job.jobId).toBe(jobId);
  });

  test("of a batch is refused as well", async ({ pair, open }) => {
    await pair.follow();
    const { jobs } = await open();
    const submission = { request: { jobs: [request(), request()] }, caller: caller() };
    pair.freeze();
    await expect(jobs.batches.submit(submission)).rejects.toMatchObject(UNAVAILABLE);
    pair.thaw();
    const { answer } = await vi.waitFor(() => jobs.batches.submit(submission));
    expect(answer.total).toBe(2);
  });

  test("is refused when the primary was replaced in its middle", async ({ pair, open }) => {
    await pair.follow();
    const { replicas } = await open();
    await replicas.begin()(["a"]);
    const caughtUp = replicas.begin();
    // The same link leads to another history.
    await pair.primary.replicaof("127.0.0.1", 1);
    await pair.primary.replicaof("NO", "ONE");
    await expect(caughtUp(["a"])).rejects.toMatchObject(UNAVAILABLE);
    await replicas.begin()(["a"]);
  });
});

describe.concurrent("a retry, with a replica", () => {
  test("is refused while no replica confirms it", async ({ pair, open, service }) => {
    await pair.follow();
    const { jobs } = await open();
    const owner = caller();
    const { job } = await jobs.submit({ request: request({ type: "echo" }), caller: owner });
    await service.work("echo", () => Promise.reject(new UnrecoverableError("no")));
    await vi.waitFor(async () =>
      expect(await (await service.queues.find(job))?.isFailed()).toBe(true),
    );
    await service.tell({ run: 1, retries: 0, mark: null, job: { ...job, status: "failed" } });
    pair.freeze();
    await expect(jobs.retry(job.jobId, owner)).rejects.toMatchObject(UNAVAILABLE);
    pair.thaw();
  });
});

describe.concurrent("without a replica", () => {
  test("nobody is asked to wait, however much is accepted", async ({ pair, open }) => {
    const { jobs } = await open();
    for (let i = 0; i < 3; i += 1) await jobs.submit({ request: request(), caller: caller() });
    expect(await waitsOf(pair.primary)).toBe(0);
  });

  test("that was there, things go on", async ({ pair, open }) => {
    await pair.follow();
    const { jobs } = await open();
    const one = { request: request(), caller: caller() };
    await jobs.submit(one);
    await pair.loseReplica();
    await jobs.submit(one);
    const waits = await waitsOf(pair.primary);
    await jobs.submit(one);
    expect(await waitsOf(pair.primary)).toBe(waits);
  });
});

describe.concurrent("callers of one moment", () => {
  test("share a barrier", async ({ pair, open }) => {
    await pair.follow();
    const { replicas } = await open();
    await replicas.begin()(["a"]);
    const before = await waitsOf(pair.primary);
    await Promise.all(Array.from({ length: 50 }, () => replicas.begin()(["a"])));
    expect((await waitsOf(pair.primary)) - before).toBeLessThanOrEqual(2);
  });
});

describe.concurrent("an outcome, with a replica", () => {
  test("is told when the replica has it, and not before", async ({ pair, prefix }) => {
    await pair.follow();
    const stage = openStage(pair.url, prefix);
    try {
      const { items } = await listen(await stage.node(), "user:42");
      stage.recorder();
      const ended = Promise.withResolvers<void>();
      await stage.work(async () => {
        await ended.promise;
        return {};
      });
      const { jobId } = await stage.submit();
      await vi.waitFor(() => expect(eventsOf(items)).toEqual(["job-queued", "job-started"]));
      pair.freeze();
      ended.resolve();
      const waits = await waitsOf(pair.primary);
      await vi.waitFor(async () => expect(await waitsOf(pair.primary)).toBeGreaterThan(waits));
      expect(await stage.redis.hexists(stage.keys.bullKey(line, jobId), "finishedOn")).toBe(1);
      expect(eventsOf(items)).toEqual(["job-queued", "job-started"]);
      pair.thaw();
      await vi.waitFor(() => expect(eventsOf(items)).toContain("job-completed"));
      expect(await pair.replica.hexists(stage.keys.bullKey(line, jobId), "finishedOn")).toBe(1);
    } finally {
      await stage.close();
    }
  });

  test("that the sweep finds is told when the replica has it, and not before", async ({
    pair,
    prefix,
    open,
  }) => {
    await pair.follow();
    const stage = openStage(pair.url, prefix);
    try {
      const { items } = await listen(await stage.node(), "user:42");
      const recorder = stage.recorder();
      await stage.submit();
      await vi.waitFor(() => expect(eventsOf(items)).toEqual(["job-queued"]));
      await isCaughtUp(stage);
      await recorder.close();
      await endUnheard(stage, async () => ({}));
      const { replicas } = await open();
      const parts = { replicas, followers: NONE, sign, log: silent };
      const patience = { unchangedMs: 0, lateMs: 0 };
      const options = { ...stage, ...parts, partitions: PARTITIONS, ...patience };
      const keeper = { ...leaseOf("keeper"), fence: 99 };
      // What ended this very moment is left to the reader.
      await vi.waitFor(async () => expect(Date.now()).toBeGreaterThan(await lastEnd(stage)));
      pair.freeze();
      await expect(sweep(keeper, options)).rejects.toMatchObject(UNAVAILABLE);
      pair.thaw();
      await vi.waitFor(async () => expect(await sweep(keeper, options)).toBe(1));
      await vi.waitFor(() => expect(eventsOf(items)).toEqual(["job-queued", "job-completed"]));
    } finally {
      await stage.close();
    }
  });
});

const lastEnd = async ({ redis, keys }: Stage): Promise<number> =>
  Number((await redis.zrevrange(keys.bullKey(line, "completed"), "0", "0", "WITHSCORES"))[1]);

/** Of markers nothing stays, and queues keep theirs. */
async function keysOf(redis: Redis): Promise<string[]> {
  const keys = await redis.keys("*");
  return keys.filter((key) => !key.endsWith(":caught-up")).toSorted();
}
