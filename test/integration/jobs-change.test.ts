import { UnrecoverableError } from "bullmq";
import { describe, expect, vi } from "vitest";
import { JobcastError } from "../../src/errors.ts";
import { createJobs } from "../../src/jobs/create-jobs.ts";
import type { StoredJob } from "../../src/jobs/snapshot.ts";
import { caller, request, test } from "../support/jobs-service.ts";

const failure = (code: string) =>
  new UnrecoverableError(JSON.stringify({ code, message: "Sorry", run: 1 }));

const told = (job: StoredJob, status: StoredJob["status"], run = 1) => ({
  run,
  retries: 0,
  mark: null,
  job: { ...job, status },
});

describe("a cancel", () => {
  test("of a waiting job takes it out of line for good", async ({ service, redis }) => {
    const owner = caller();
    for (const delay of [0, 60_000]) {
      const { job } = await service.jobs.submit({ request: request({ delay }), caller: owner });
      const answer = await service.jobs.cancel(job.jobId, owner);
      expect(answer).toMatchObject({ isDone: true, job: { status: "cancelled" } });
      expect(answer.job.error?.code).toBe("cancelled");
      expect(await service.queues.find(job)).toBeUndefined();
      expect(await service.jobs.cancel(job.jobId, owner)).toMatchObject({ isDone: true });
    }
    const events = await redis.xrevrange(service.keys.events("image.normal"), "+", "-", "COUNT", 1);
    expect(events[0]?.[1]).toContain("removed");
  });

  test("of a running job tells its worker, and it is not done yet", async ({ service, redis }) => {
    const owner = caller();
    const messages: string[] = [];
    const listener = redis.duplicate();
    listener.on("message", (_channel, jobId) => messages.push(jobId));
    await listener.subscribe(service.keys.cancelChannel);
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const started = Promise.withResolvers<void>();
    await service.work("image", () => {
      started.resolve();
      return new Promise(() => {});
    });
    await started.promise;
    expect(await service.jobs.cancel(job.jobId, owner)).toMatchObject({ isDone: false });
    expect(await redis.hget(service.keys.job(job.jobId), "cancel")).toBe("0");
    await vi.waitFor(() => expect(messages).toEqual([job.jobId]));
    listener.disconnect();
  });

  test("that comes too late is refused", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    await service.work("image", async () => ({}));
    await vi.waitFor(async () =>
      expect(await (await service.queues.find(job))?.getState()).toBe("completed"),
    );
    // The feed has not told of it yet, and then it has.
    for (const tell of [async () => undefined, () => service.tell(told(job, "completed"))]) {
      await tell();
      await expect(service.jobs.cancel(job.jobId, owner)).rejects.toMatchObject({
        code: "job_finished",
      });
    }
  });

  test("finds done what the worker did a moment ago", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    await service.work("image", () => Promise.reject(failure("cancelled")));
    await vi.waitFor(async () =>
      expect(await (await service.queues.find(job))?.getState()).toBe("failed"),
    );
    expect(await service.jobs.cancel(job.jobId, owner)).toMatchObject({ isDone: true });
  });

  test("answers with what the feed told meanwhile", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const answer = service.jobs.cancel(job.jobId, owner);
    const ended = told({ ...job, step: "as told" }, "cancelled", 0);
    await vi.waitFor(async () => expect(await service.queues.find(job)).toBeUndefined());
    await service.tell(ended);
    expect((await answer).job).toEqual(ended.job);
  });
});

describe("a retry", () => {
  test("of a failed job keeps its id and is not held by an old cancel", async ({
    service,
    redis,
  }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const runs: [number, number][] = [];
    const worker = await service.work("image", (queued) => {
      runs.push([queued.data.runBase + queued.attemptsStarted, queued.data.retries]);
      return Promise.reject(failure("internal"));
    });
    const isFailed = async () =>
      expect(await (await service.queues.find(job))?.getState()).toBe("failed");
    await vi.waitFor(isFailed);
    await worker.pause();
    await redis.hset(service.keys.job(job.jobId), "cancel", "0");
    await redis.expire(service.keys.job(job.jobId), 100);
    await service.tell(told(job, "failed"));
    const again = await service.jobs.retry(job.jobId, owner);
    expect(again).toMatchObject({ jobId: job.jobId, status: "queued", attempt: 1, maxAttempts: 4 });
    expect(await redis.hgetall(service.keys.job(job.jobId))).toMatchObject({ retries: "1" });
    expect(await redis.hexists(service.keys.job(job.jobId), "cancel")).toBe(0);
    expect(await redis.ttl(service.keys.job(job.jobId))).toBe(-1);
    await worker.resume();
    await vi.waitFor(() =>
      expect(runs).toEqual([
        [1, 0],
        [2, 1],
      ]),
    );
  });

  test("of a job cancelled while it waited adds it anew, and its runs go on counting", async ({
    service,
  }) => {
    const owner = caller();
    const delayed = request({ delay: 60_000 });
    const { job } = await service.jobs.submit({ request: delayed, caller: owner });
    await service.jobs.cancel(job.jobId, owner);
    await service.tell(told(job, "cancelled", 2));
    await service.jobs.retry(job.jobId, owner);
    const queued = await service.queues.find(job);
    expect(queued?.data).toMatchObject({ runBase: 2, retries: 1 });
    expect(await queued?.getState()).toBe("prioritized");
  });

  test.for(["failed", "cancelled"] as const)(
    "of a %s job has one winner when several come together",
    async (status, { service }) => {
      const owner = caller();
      const { job } = await service.jobs.submit({ request: request(), caller: owner });
      if (status === "failed") {
        const worker = await service.work("image", () => Promise.reject(failure("internal")));
        await vi.waitFor(async () =>
          expect(await (await service.queues.find(job))?.getState()).toBe("failed"),
        );
        await worker.close();
      } else {
        await service.jobs.cancel(job.jobId, owner);
      }
      await service.tell(told(job, status));
      const calls = await Promise.allSettled(
        Array.from({ length: 5 }, () => service.jobs.retry(job.jobId, owner)),
      );
      expect(calls.filter((call) => call.status === "fulfilled")).toHaveLength(1);
      for (const call of calls) {
        if (call.status === "rejected")
          expect(call.reason).toMatchObject({ code: "job_not_failed" });
      }
      const queued = await service.queues.find(job);
      expect(await queued?.getState()).toBe("prioritized");
      expect(queued?.data.retries).toBe((await service.records.read(job.jobId))?.retries);
    },
  );

  test("of an open or completed job is refused", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    for (const status of ["queued", "processing", "completed"] as const) {
      await service.tell(told(job, status));
      await expect(service.jobs.retry(job.jobId, owner)).rejects.toMatchObject({
        code: "job_not_failed",
      });
    }
  });
});

describe("a retry of a job whose input its parent makes", () => {
  const pairs = test.extend("pair", async ({ service }) => {
    const owner = caller();
    const then = [{ type: "image", input: { from: "parent" } }];
    const { job: parent } = await service.jobs.submit({
      request: request({ then }),
      caller: owner,
    });
    const { items } = await service.jobs.list({ batchId: parent.batchId ?? "" }, owner);
    const follower = items.find(({ parentId }) => parentId === parent.jobId) ?? parent;
    await service.jobs.cancel(follower.jobId, owner);
    await service.tell(told(follower, "cancelled", 0));
    await service.work("image", async () => ({}));
    await vi.waitFor(async () =>
      expect(await (await service.queues.find(parent))?.getState()).toBe("completed"),
    );
    await service.tell(told(parent, "completed"));
    return { owner, parent, follower };
  });

  pairs(
    "is put off when nobody can say how that ended",
    async ({ service, pair: { owner, parent, follower } }) => {
      await service.deps.removeSnapshot(parent.jobId);
      const find = () => Promise.reject(new JobcastError("unavailable", "No database"));
      const jobs = createJobs({ ...service.deps, history: { ...service.history, find } });
      await expect(jobs.retry(follower.jobId, owner)).rejects.toMatchObject({
        code: "unavailable",
      });
    },
  );

  pairs(
    "is refused when that was deleted",
    async ({ service, pair: { owner, parent, follower } }) => {
      await service.jobs.remove(parent.jobId, owner);
      await expect(service.jobs.retry(follower.jobId, owner)).rejects.toMatchObject({
        code: "conflict",
        message: "The job before it is gone, with its result",
      });
    },
  );
});

describe("a removal", () => {
  test("takes everything of a finished job", async ({ service, redis }) => {
    const owner = caller();
    const file = { key: "uploads/1/a.jpg", name: "a.jpg", contentType: "image/jpeg", bytes: 3 };
    const { job } = await service.jobs.submit({
      request: request({ input: {} }),
      caller: owner,
      file,
    });
    await expect(service.jobs.remove(job.jobId, owner)).rejects.toMatchObject({ code: "conflict" });
    await service.work("image", async () => ({}));
    await vi.waitFor(async () =>
      expect(await (await service.queues.find(job))?.getState()).toBe("completed"),
    );
    const snapshot = told(job, "completed");
    await service.tell(snapshot);
    await service.history.upsert([{ snapshot, audiences: [`user:${owner.userId}`] }]);
    await service.jobs.remove(job.jobId, owner);
    expect(await service.jobs.find(job.jobId, owner)).toBeUndefined();
    expect((await service.jobs.list({}, owner)).items).toEqual([]);
    expect(await service.queues.find(job)).toBeUndefined();
    expect(await redis.exists(service.keys.job(job.jobId))).toBe(0);
    expect(service.removed).toEqual([`jobs/${job.jobId}/`, file.key]);
  });
});

describe("changes", () => {
  test("are for those who may see the job, with a full token", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const { jobs } = service;
    for (const name of ["cancel", "retry", "remove"] as const) {
      await expect(jobs[name](job.jobId, caller())).rejects.toMatchObject({ code: "not_found" });
      const scoped = caller({ onlyJob: job.jobId });
      await expect(jobs[name](job.jobId, scoped)).rejects.toMatchObject({ code: "forbidden" });
    }
    expect(await jobs.cancel(job.jobId, caller({ isAdmin: true }))).toMatchObject({ isDone: true });
  });
});
