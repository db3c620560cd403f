import { randomUUID } from "node:crypto";
import { describe, expect, vi } from "vitest";
import { userAudience } from "../../src/contract/names.ts";
import { JobcastError } from "../../src/errors.ts";
import type { BatchSubmission } from "../../src/jobs/batches.ts";
import { createJobs, type JobsDeps } from "../../src/jobs/create-jobs.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { toSnapshot } from "../../src/jobs/snapshot.ts";
import { caller, request, test } from "../support/jobs-service.ts";

const HOUR_MS = 3_600_000;

/** Two jobs in lanes of their own. */
const asked = (): BatchSubmission => ({
  request: { jobs: [request(), request({ lane: "large" })] },
  caller: caller(),
  idempotency: { key: randomUUID(), bodyHash: "a" },
});

const unavailable = () => Promise.reject(new JobcastError("unavailable", "No queue"));

/** As it is when all pending intents were left behind long ago. */
const later = (deps: JobsDeps) =>
  createJobs({
    ...deps,
    intents: { ...deps.intents, pendingOlderThan: () => deps.intents.pendingOlderThan(-HOUR_MS) },
  });

describe("a batch", () => {
  test("whose process died among its jobs is finished by the sweep, and made once", async ({
    service,
  }) => {
    const { deps } = service;
    const submission = asked();
    let isDead = false;
    const dying = createJobs({
      ...deps,
      queues: {
        ...deps.queues,
        // Dies when the jobs of one lane are in line, and those of the other are not.
        async addAll(records) {
          await deps.queues.addAll(records.filter(({ lane }) => lane === "normal"));
          isDead = records.length > 0;
          if (isDead) await new Promise(() => {});
        },
      },
    });
    void dying.batches.submit(submission);
    await vi.waitFor(() => expect(isDead).toBe(true));
    await expect(service.jobs.batches.submit(submission)).rejects.toMatchObject({
      code: "idempotency_in_progress",
    });
    await later(deps).finishPending();
    await later(deps).finishPending();

    const { answer, isReplay } = await service.jobs.batches.submit(submission);
    expect(isReplay).toBe(true);
    const { items } = await service.jobs.list({ batchId: answer.batchId }, submission.caller);
    expect(items).toHaveLength(2);
    for (const job of items) expect((await service.queues.find(job))?.id).toBe(job.jobId);
    expect((await service.jobs.batches.list({}, submission.caller)).items).toEqual([answer]);
  });

  test("without a key leaves nothing behind when its jobs cannot be put in line", async ({
    service,
  }) => {
    const { deps } = service;
    const { idempotency: _, ...submission } = asked();
    const added: JobRecord[] = [];
    const failing = createJobs({
      ...deps,
      queues: {
        ...deps.queues,
        async addAll(records) {
          added.push(...records.slice(0, 1));
          await deps.queues.addAll(added);
          // What waits for others has none here.
          if (records.length > 0) await unavailable();
        },
      },
    });
    await expect(failing.batches.submit(submission)).rejects.toMatchObject({ code: "unavailable" });
    await vi.waitFor(async () => {
      expect((await service.jobs.batches.list({}, submission.caller)).items).toEqual([]);
    });
    expect(added).toHaveLength(1);
    for (const one of added) expect(await service.queues.find(one)).toBeUndefined();
    const again = await vi.waitFor(() => service.jobs.batches.submit(submission));
    expect(again.isReplay).toBe(false);
    expect((await service.jobs.list({}, submission.caller)).items).toHaveLength(2);
  });

  test("of which some jobs are in line when it fails is finished by a repeat at once", async ({
    service,
  }) => {
    const { deps } = service;
    const submission = asked();
    const added: string[] = [];
    const failing = createJobs({
      ...deps,
      queues: {
        ...deps.queues,
        async addAll(records) {
          await deps.queues.addAll(records.slice(0, 1));
          added.push(...records.slice(0, 1).map(({ jobId }) => jobId));
          if (records.length > 0) await unavailable();
        },
      },
    });
    await expect(failing.batches.submit(submission)).rejects.toMatchObject({ code: "unavailable" });
    const { answer } = await vi.waitFor(() => service.jobs.batches.submit(submission));
    const { items } = await service.jobs.list({ batchId: answer.batchId }, submission.caller);
    expect(items.map(({ jobId }) => jobId)).toEqual(expect.arrayContaining(added));
    expect((await service.jobs.list({}, submission.caller)).items).toHaveLength(2);
  });

  test("of which a queue has lost a job that was told of is made whole by a repeat", async ({
    service,
  }) => {
    const { deps } = service;
    const submission = asked();
    const failing = createJobs({
      ...deps,
      queues: {
        ...deps.queues,
        async addAll(records) {
          for (const record of records) await service.tell(toSnapshot(record));
          if (records.length > 0) await unavailable();
        },
      },
    });
    await expect(failing.batches.submit(submission)).rejects.toMatchObject({ code: "unavailable" });
    const { answer } = await vi.waitFor(() => service.jobs.batches.submit(submission));
    const { items } = await service.jobs.list({ batchId: answer.batchId }, submission.caller);
    expect(items).toHaveLength(2);
    for (const job of items) expect((await service.queues.find(job))?.id).toBe(job.jobId);
  });

  test("is refused as a whole when its owner would have too many open jobs", async ({
    service,
    redis,
  }) => {
    const submission = asked();
    const { keys, deps } = service;
    const audience = userAudience(submission.caller.userId);
    const open = keys.openJobs(partitionOf(audience, deps.partitions), audience);
    await redis.zadd(open, ...Array.from({ length: 4999 }, (_, i) => [i, `job-${i}`]).flat());
    await expect(service.jobs.batches.submit(submission)).rejects.toMatchObject({
      code: "quota_exceeded",
    });
    expect((await service.jobs.batches.list({}, submission.caller)).items).toEqual([]);
    const one = { ...asked(), caller: submission.caller, request: { jobs: [request()] } };
    expect((await service.jobs.batches.submit(one)).answer.total).toBe(1);
  });

  test("is found in the history when Redis has forgotten it", async ({ service, redis }) => {
    const submission = asked();
    const { keys, deps } = service;
    const { answer } = await service.jobs.batches.submit(submission);
    const { items } = await service.jobs.list({ batchId: answer.batchId }, submission.caller);
    const finishedAt = new Date().toISOString();
    await service.history.upsert(
      items.map((job) => ({
        audiences: [userAudience(submission.caller.userId)],
        snapshot: {
          run: 1,
          retries: 0,
          mark: null,
          job: { ...job, status: "completed", finishedAt },
        },
      })),
    );
    const audience = userAudience(submission.caller.userId);
    await redis.del(keys.batch(partitionOf(audience, deps.partitions), audience, answer.batchId));
    expect(await service.jobs.batches.find(answer.batchId, submission.caller)).toEqual({
      ...answer,
      counts: { ...answer.counts, queued: 0, completed: 2 },
      progress: 100,
      status: "finished",
      finishedAt,
    });
    expect(await service.jobs.batches.find(answer.batchId, caller())).toBeUndefined();
  });
});
