import { describe, expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import { createBatchStates } from "../../src/jobs/batch-states.ts";
import { type JobSnapshot, toSnapshot } from "../../src/jobs/snapshot.ts";
import { createRunTimes } from "../../src/jobs/run-times.ts";
import { createMemory } from "../../src/recorder/memory.ts";
import type { SourceEvent } from "../../src/recorder/queue-events.ts";
import { createApplier } from "../support/applier.ts";
import { test } from "../support/feeds.ts";
import { record } from "../support/jobs.ts";
import { upTo } from "../support/listening.ts";
import { PARTITIONS, QUEUE } from "../support/stage.ts";
import { createTeller, outcome } from "../support/telling.ts";

const audience: Audience = "user:42";
const event = (n: number, name: string, jobId: string, more = {}): SourceEvent => ({
  ref: `${n}-0`,
  at: n,
  event: name,
  jobId,
  ...more,
});

const as = (status: "completed"): JobSnapshot => {
  const { job, ...snapshot } = toSnapshot(record({ jobId: "a" }));
  return { ...snapshot, run: 1, job: { ...job, status, progress: 100 } };
};

describe("a batch of events", () => {
  test("that finds an earlier write come in late tells what is left of it", async ({ stage }) => {
    const { records, reader, writer } = stage;
    for (const jobId of ["a", "b"]) await records.write(record({ jobId }));
    let isFirst = true;
    const apply = createApplier(stage, {
      ...writer,
      async appendAll(claim, updates) {
        const [update] = updates;
        // The write before this one, whose answer was lost with its link, reaches Redis only now.
        if (isFirst && update !== undefined)
          await writer.append({
            ...claim,
            ...update,
            ref: "1-0",
            entries: update.entries.slice(0, 1),
          });
        isFirst = false;
        return await writer.appendAll(claim, updates);
      },
    });
    await apply(event(1, "added", "a"), event(2, "added", "b"));
    const { head } = await reader.page({ audience });
    const { facts } = await reader.page({ audience, cursor: `${head.epoch}-0` });
    expect(facts.map(({ jobId }) => jobId)).toEqual(["a", "b"]);
  });

  test("goes on from what the sweep has told meanwhile", async ({ stage }) => {
    const { records, reader, writer } = stage;
    await records.write(record({ jobId: "a" }));
    const apply = createApplier(stage);
    await apply(event(1, "added", "a"), event(2, "active", "a"));
    const mended = { ...outcome("a"), snapshot: JSON.stringify(as("completed")) };
    await createTeller(writer, audience, "keeper")(mended);
    await apply(event(3, "progress", "a", { data: "50" }), event(4, "completed", "a"));
    const { head, job } = await reader.page({ audience, jobId: "a" });
    expect(JSON.parse(job ?? "").job.status).toBe("completed");
    const { facts } = await reader.page({ audience, cursor: `${head.epoch}-0` });
    expect(facts.map((fact) => fact.event)).toEqual(["job-queued", "job-started", "job-completed"]);
  });

  test("is read by a memory that holds less than it says", async ({ stage }) => {
    const { records, redis, keys } = stage;
    const memory = createMemory({
      redis,
      keys,
      partitions: PARTITIONS,
      source: QUEUE,
      capacity: 3,
    });
    const jobs = upTo(10).map((n) => ({ jobId: `job-${n}`, owner: `user:${n}` as const }));
    const apply = createApplier(stage);
    for (const { jobId, owner } of jobs) await records.write(record({ jobId, audiences: [owner] }));
    await apply(...jobs.map(({ jobId }, n) => event(n + 1, "added", jobId)));
    for (const _ of upTo(3)) {
      const wanted = new Map(jobs.map(({ jobId, owner }) => [owner, new Set([jobId])]));
      const feeds = await memory.feeds(wanted);
      for (const [n, { jobId, owner }] of jobs.entries()) {
        expect(feeds.get(owner)).toMatchObject({ ref: `${n + 1}-0`, sweptRef: "" });
        expect(feeds.get(owner)?.snapshots.get(jobId)?.job.status).toBe("queued");
      }
      expect((await memory.records(new Set(jobs.map(({ jobId }) => jobId)))).size).toBe(10);
    }
  });

  test("asks Redis nothing about jobs in hand that it has heard of", async ({ stage }) => {
    const { records, redis } = stage;
    for (const jobId of ["a", "b"]) await records.write(record({ jobId }));
    const apply = createApplier(stage);
    await apply(...["a", "b"].map((jobId, n) => event(n + 1, "added", jobId)));
    await apply(...["a", "b"].map((jobId, n) => event(n + 3, "active", jobId)));
    const send = vi.spyOn(redis, "sendCommand");
    await apply(...["a", "b"].map((jobId, n) => event(n + 5, "progress", jobId, { data: "5" })));
    const asked = send.mock.calls.map(([command]) => command.name);
    expect(asked).not.toEqual([]);
    expect(asked.filter((name) => /^hm?get/u.test(name))).toEqual([]);
  });

  test("keeps the record of a job from its outcome for the time of retention, of one retried for good", async ({
    stage,
  }) => {
    const { redis, keys, records } = stage;
    const apply = createApplier(stage);
    const ttl = () => redis.ttl(keys.job("a"));
    await records.write(record({ jobId: "a" }));
    await apply(event(1, "added", "a"), event(2, "active", "a"));
    expect(await ttl()).toBe(-1);
    await apply(event(3, "failed", "a", { failedReason: "" }));
    expect(await ttl()).toBeGreaterThan(86_400 - 60);
    expect(await ttl()).toBeLessThanOrEqual(86_400);
    // The retry was counted before this outcome was read, so nobody else takes the end off again.
    await apply(event(4, "waiting", "a", { prev: "failed" }));
    expect(await ttl()).toBe(-1);
  });

  test("that says next to nothing of a job's progress keeps nothing from being told after it", async ({
    stage,
  }) => {
    const { records, reader } = stage;
    const batchId = "batch-1";
    const createdAt = new Date().toISOString();
    const head = { batchId, userId: "42", name: null, caseId: null, total: 2, createdAt };
    const states = createBatchStates({ ...stage, partitions: PARTITIONS });
    await states.open(audience, head, ["a", "b"]);
    for (const jobId of ["a", "b"]) await records.write(record({ jobId, batchId }));
    const apply = createApplier(stage);
    await apply(event(1, "added", "a"), event(2, "added", "b"));
    await apply(event(3, "active", "a"), event(4, "progress", "a", { data: "1e-7" }));
    expect(await states.read(audience, batchId)).toMatchObject({
      counts: { queued: 1, processing: 1 },
      progress: 0,
    });
    await apply(event(5, "progress", "a", { data: "33.38" }));
    expect(await states.read(audience, batchId)).toMatchObject({ progress: 16.6 });
    await apply(event(6, "failed", "a", { failedReason: "" }));
    expect(await states.read(audience, batchId)).toMatchObject({
      counts: { queued: 1, failed: 1 },
      progress: 50,
    });
    const { head: feed } = await reader.page({ audience });
    const { facts } = await reader.page({ audience, cursor: `${feed.epoch}-0` });
    expect(facts.map((fact) => fact.event)).toEqual([
      "job-queued",
      "job-queued",
      "job-started",
      "job-failed",
    ]);
  });

  test("counts no wait for the job before one as time in line", async ({ stage }) => {
    const createdAt = "2026-01-01T00:00:00.000Z";
    const at = Date.parse(createdAt);
    await stage.records.write(record({ jobId: "a", createdAt }));
    await stage.records.write(record({ jobId: "b", createdAt, parentId: "long" }));
    const apply = createApplier(stage);
    await apply(event(1, "added", "a", { at }), event(2, "added", "b", { at }));
    const startedAt = at + 2_400_000;
    await apply(
      event(3, "active", "b", { at: startedAt }),
      event(4, "active", "a", { at: startedAt }),
    );
    const { waits } = createRunTimes({ ...stage, now: () => startedAt });
    await vi.waitFor(async () => expect((await waits(QUEUE)).count).not.toBe(0));
    expect(await waits(QUEUE)).toEqual({ count: 1, totalMs: 2_400_000 });
  });
});
