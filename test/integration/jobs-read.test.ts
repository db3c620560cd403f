import { describe, expect } from "vitest";
import { JobcastError } from "../../src/errors.ts";
import { createJobs } from "../../src/jobs/create-jobs.ts";
import { createSnapshots } from "../../src/jobs/snapshots.ts";
import { toSnapshot } from "../../src/jobs/snapshot.ts";
import { caller, PARTITIONS, request, test } from "../support/jobs-service.ts";
import { record } from "../support/jobs.ts";

const away = () => Promise.reject(new JobcastError("unavailable", "No database"));
const never = () => new Promise<undefined>(() => {});
const noHistory = { find: away, list: away, counts: away, notFinishedSince: away, remove: away };

describe("a read of a job", () => {
  test("is for its owner, administrators, services and tokens made for it", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({
      request: request({ metadata: { secret: "1" } }),
      caller: owner,
    });
    for (const who of [owner, caller({ isAdmin: true }), caller({ isService: true })]) {
      expect(await service.jobs.find(job.jobId, who)).toEqual({ job });
    }
    expect(await service.jobs.find(job.jobId, caller())).toBeUndefined();
    const other = caller({ userId: owner.userId, onlyJob: "another-job" });
    expect(await service.jobs.find(job.jobId, other)).toBeUndefined();
    expect(await service.jobs.find(job.jobId, caller({ onlyJob: job.jobId }))).toEqual({
      job: { ...job, userId: null, metadata: {} },
    });
    expect(await service.jobs.find("no-such-job", caller({ isAdmin: true }))).toBeUndefined();
  });

  test("tells the newest of what Redis and the history know", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const running = {
      run: 1,
      retries: 0,
      mark: null,
      job: { ...job, status: "processing" as const },
    };
    const done = { ...running, job: { ...job, status: "completed" as const } };
    const audiences = [`user:${owner.userId}` as const];
    await service.history.upsert([{ snapshot: running, audiences }]);
    expect(await service.jobs.find(job.jobId, owner)).toEqual({ job: running.job });
    await service.tell(done);
    expect(await service.jobs.find(job.jobId, owner)).toEqual({ job: done.job });
    const again = { ...done, retries: 1, job };
    await service.history.upsert([{ snapshot: again, audiences }]);
    expect(await service.jobs.find(job.jobId, owner)).toEqual({ job: again.job });
  });

  test("works from the history alone, with the same rights", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const snapshot = { run: 0, retries: 0, mark: null, job };
    await service.history.upsert([{ snapshot, audiences: [`user:${owner.userId}`] }]);
    await service.records.remove(job.jobId);
    expect(await service.jobs.find(job.jobId, owner)).toEqual({ job });
    expect(await service.jobs.find(job.jobId, caller())).toBeUndefined();
  });

  test("works without Postgres for what Redis knows, and does not call the rest missing", async ({
    service,
  }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const jobs = createJobs({ ...service.deps, history: noHistory });
    expect(await jobs.find(job.jobId, owner)).toEqual({ job });
    await expect(jobs.find("another-job", owner)).rejects.toMatchObject({ code: "unavailable" });
  });

  test("is not held up by a Postgres that does not answer", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const jobs = createJobs({ ...service.deps, history: { ...service.history, find: never } });
    expect(await jobs.find(job.jobId, owner)).toEqual({ job });
  });

  test("does not show a record whose submit died before there was a job", async ({ service }) => {
    const owner = caller();
    const dead = record({
      jobId: "stillborn",
      userId: owner.userId,
      audiences: [`user:${owner.userId}`],
    });
    await service.records.write(dead);
    expect(await service.jobs.find("stillborn", owner)).toBeUndefined();
  });
});

describe("a list of jobs", () => {
  test("holds one's own, newest first, page by page, wherever they are kept", async ({
    service,
  }) => {
    const owner = caller();
    await service.jobs.submit({ request: request(), caller: caller() });
    const ids: string[] = [];
    for (let n = 0; n < 7; n += 1) {
      const clock = { ...service.deps, now: () => Date.now() + n };
      const { job } = await createJobs(clock).submit({ request: request(), caller: owner });
      ids.unshift(job.jobId);
      const snapshot = { run: 0, retries: 0, mark: null, job };
      if (n % 3 === 0) await service.tell(snapshot);
      if (n % 3 !== 2) {
        await service.history.upsert([{ snapshot, audiences: [`user:${owner.userId}`] }]);
      }
    }
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await service.jobs.list({ limit: 2, ...(cursor ? { cursor } : {}) }, owner);
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ jobId }) => jobId));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids);
    const whole = await service.jobs.list({}, owner);
    expect(whole.items.map(({ jobId }) => jobId)).toEqual(ids);
    expect(whole.nextCursor).toBeNull();
  });

  test("ends without an empty page", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const snapshot = { run: 0, retries: 0, mark: null, job };
    await service.history.upsert([{ snapshot, audiences: [`user:${owner.userId}`] }]);
    expect((await service.jobs.list({ limit: 1 }, owner)).nextCursor).toBeNull();
  });

  test("filters by what is known now, not by what the history knew", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const snapshot = { run: 0, retries: 0, mark: null, job };
    await service.history.upsert([{ snapshot, audiences: [`user:${owner.userId}`] }]);
    await service.tell({ ...snapshot, run: 1, job: { ...job, status: "completed" } });
    const ids = async (status: string) =>
      (await service.jobs.list({ status }, owner)).items.map(({ jobId }) => jobId);
    expect(await ids("queued")).toEqual([]);
    expect(await ids("processing,completed")).toEqual([job.jobId]);
  });

  test("filters by type and time", async ({ service }) => {
    const owner = caller();
    const image = await service.jobs.submit({ request: request(), caller: owner });
    await service.jobs.submit({ request: request({ type: "echo" }), caller: owner });
    const { items } = await service.jobs.list({ type: "image" }, owner);
    expect(items).toEqual([image.job]);
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await service.jobs.list({ createdAfter: later }, owner)).items).toEqual([]);
    expect((await service.jobs.list({ updatedAfter: later }, owner)).items).toEqual([]);
  });

  test("is of others for administrators and services alone", async ({ service }) => {
    const owner = caller();
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    const snapshot = { run: 0, retries: 0, mark: null, job };
    await service.history.upsert([{ snapshot, audiences: [`user:${owner.userId}`] }]);
    const { userId } = owner;
    expect((await service.jobs.list({ userId }, caller({ isAdmin: true }))).items).toEqual([job]);
    const running = { ...job, status: "processing" as const };
    await service.tell({ ...snapshot, run: 1, job: running });
    const all = await service.jobs.list({ userId: "*" }, caller({ isService: true }));
    expect(all.items).toContainEqual(running);
    for (const who of [caller(), caller({ onlyJob: job.jobId, isAdmin: true })]) {
      await expect(service.jobs.list({ userId: "*" }, who)).rejects.toMatchObject({
        code: "forbidden",
      });
    }
  });

  test.for([
    ["status", { status: "queued,done" }],
    ["type", { type: "nope" }],
    ["cursor", { cursor: "nonsense" }],
    ["createdAfter", { createdAfter: "yesterday" }],
  ] as const)("refuses a value of %s that does not exist", async ([path, query], { service }) => {
    await expect(service.jobs.list(query, caller())).rejects.toMatchObject({
      code: "invalid",
      fields: [{ path: `/${path}` }],
    });
  });

  test("holds open and recent jobs without Postgres", async ({ service }) => {
    const owner = caller();
    const jobs = createJobs({ ...service.deps, history: noHistory });
    const open = await jobs.submit({ request: request(), caller: owner });
    const ended = await jobs.submit({ request: request(), caller: owner });
    const done = { ...ended.job, status: "completed" as const };
    await service.tell({ run: 1, retries: 0, mark: null, job: done });
    const { items } = await jobs.list({}, owner);
    expect(items.toSorted((a, b) => (a.status < b.status ? -1 : 1))).toEqual([done, open.job]);
    await expect(jobs.list({ userId: "*" }, caller({ isAdmin: true }))).rejects.toMatchObject({
      code: "unavailable",
    });
  });

  test("leaves out what was accepted and never came to be", async ({ service, redis }) => {
    const owner = caller();
    const audience = `user:${owner.userId}` as const;
    const dead = record({ jobId: "stillborn", userId: owner.userId, audiences: [audience] });
    await service.records.write(dead);
    const snapshots = createSnapshots({ redis, keys: service.keys, partitions: PARTITIONS });
    await snapshots.accept(dead);
    expect((await service.jobs.list({}, owner)).items).toEqual([]);
    expect(await snapshots.countOpen(audience)).toBe(0);
  });
});

describe("counts of jobs", () => {
  test("take outcomes from the history and open jobs from Redis", async ({ service }) => {
    const owner = caller();
    const audiences = [`user:${owner.userId}` as const];
    const old = toSnapshot(
      record({ jobId: `old-${owner.userId}`, userId: owner.userId, audiences }),
    );
    await service.history.upsert([
      { snapshot: { ...old, job: { ...old.job, status: "completed" } }, audiences },
    ]);
    const { job } = await service.jobs.submit({ request: request(), caller: owner });
    await service.jobs.submit({
      request: request({ type: "echo", input: { data: { text: "" } } }),
      caller: owner,
    });
    await service.tell({ run: 1, retries: 0, mark: null, job: { ...job, status: "processing" } });
    expect(await service.jobs.counts(owner)).toEqual({
      counts: { image: { completed: 1, processing: 1 }, echo: { queued: 1 } },
    });
  });
});
