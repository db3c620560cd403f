import { describe, expect } from "vitest";
import type { Cursor } from "../../src/contract/cursor.ts";
import { isFinal } from "../../src/contract/job.ts";
import type { JobSnapshot, StoredJob } from "../../src/jobs/snapshot.ts";
import { caller } from "../support/jobs-service.ts";
import { as, keepChanging, test } from "../support/told-jobs.ts";

const idsOf = (jobs: StoredJob[]) => jobs.map(({ jobId }) => jobId).toSorted();
const MINUTE_MS = 60_000;

describe("reads of jobs that change all the time", () => {
  const JOBS = 40;

  /** What a feed had said of its jobs by its first `count` facts. */
  const knownBy = (said: JobSnapshot[], count: number): Map<string, JobSnapshot> =>
    new Map(said.slice(0, count).map((snapshot) => [snapshot.job.jobId, snapshot]));

  const isOlder = (job: StoredJob | undefined, { job: told }: JobSnapshot): boolean =>
    job === undefined ||
    job.attempt < told.attempt ||
    (job.attempt === told.attempt && isFinal(told.status) && !isFinal(job.status));

  /** The jobs that nothing more was said of between the cursor of an answer and now. */
  function settledSince({ feedCursor }: { feedCursor: Cursor | undefined }, said: JobSnapshot[]) {
    const now = knownBy(said, said.length);
    const then = [...knownBy(said, feedCursor?.seq ?? 0).values()];
    return then.filter((snapshot) => now.get(snapshot.job.jobId) === snapshot);
  }

  test("show all that was told up to their cursor", async ({ user }) => {
    const { jobs, owner, alone } = user;
    const submitted = await user.submit(JOBS);
    const { said, stop } = keepChanging(user, submitted);
    let compared = 0;
    try {
      for (let n = 0; n < 30; n += 1) {
        for (const service of [jobs, alone]) {
          const list = await service.list({ limit: 50 }, owner);
          expect(idsOf(list.items)).toEqual(idsOf(submitted));
          const byId = new Map(list.items.map((job) => [job.jobId, job]));
          const known = [...knownBy(said, list.feedCursor?.seq ?? 0).values()];
          expect(known.filter((told) => isOlder(byId.get(told.job.jobId), told))).toEqual([]);
          compared += known.length;

          for (const status of ["processing", "completed"] as const) {
            const some = await service.list({ status, limit: 50 }, owner);
            const listed = new Set(idsOf(some.items));
            const wanted = settledSince(some, said).filter(({ job }) => job.status === status);
            expect(wanted.filter(({ job }) => !listed.has(job.jobId))).toEqual([]);
            compared += wanted.length;
          }
        }
        const counted = await jobs.counts(owner);
        const { completed = 0, processing = 0, queued = 0 } = counted.counts["image"] ?? {};
        expect(completed + processing + queued).toBe(JOBS);
        const settled = settledSince(counted, said).filter(({ job }) => isFinal(job.status));
        expect(completed).toBeGreaterThanOrEqual(settled.length);
      }
    } finally {
      await stop();
    }
    expect(compared).toBeGreaterThan(JOBS * 30);
  });

  test("show one job as it was told up to their cursor", async ({ user }) => {
    const job = await user.submitOne();
    const { said, stop } = keepChanging(user, [job]);
    const places = new Set<number>();
    try {
      for (let n = 0; n < 200; n += 1) {
        const found = await (n % 2 === 0 ? user.jobs : user.alone).find(job.jobId, user.owner);
        const seq = found?.feedCursor?.seq ?? 0;
        places.add(seq);
        const told = knownBy(said, seq).get(job.jobId);
        expect(told !== undefined && isOlder(found?.job, told), `${seq}`).toBe(false);
      }
    } finally {
      await stop();
    }
    expect(places.size).toBeGreaterThan(10);
  });
});

describe("a list of jobs", () => {
  test("holds a job that ends and begins again while it is read", async ({ user }) => {
    const submitted = await user.submit(1);
    const { stop } = keepChanging(user, submitted);
    const lengths = new Set<number>();
    try {
      for (let n = 0; n < 200; n += 1)
        lengths.add((await user.alone.list({}, user.owner)).items.length);
    } finally {
      await stop();
    }
    expect([...lengths]).toEqual([1]);
  });

  test("has on its later pages what the history has not read yet", async ({ user }) => {
    const now = Date.now();
    const submitted = [
      ...(await user.submit(130, now)),
      ...(await user.submit(130, now + 1)),
      ...(await user.submit(130, now + 2)),
    ];
    await user.tell(...submitted.slice(0, 300).map((job) => as(job, "queued", 0)));
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await user.jobs.list({ limit: 60, ...(cursor ? { cursor } : {}) }, user.owner);
      expect(page.feedCursor?.seq).toBe(300);
      seen.push(...page.items.map(({ jobId }) => jobId));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toHaveLength(390);
    expect(seen.toSorted()).toEqual(idsOf(submitted));
  });

  test("compares what ended lately with the history, however much it is", async ({ user }) => {
    const retried = await user.submitOne();
    const submitted = await user.submit(149);
    const done = submitted.map((job) => as(job, "completed"));
    await user.tell(as(retried, "completed", 2), ...done);
    await user.write(...done.slice(0, 140));
    // Of the one that was retried, it knows the first outcome alone.
    const failed = as(retried, "failed");
    failed.job.finishedAt = new Date(Date.now() - 5 * MINUTE_MS).toISOString();
    await user.write(failed);
    const { items } = await user.jobs.list({ status: "completed", limit: 200 }, user.owner);
    expect(idsOf(items)).toEqual(idsOf([retried, ...submitted]));
    expect((await user.jobs.counts(user.owner)).counts).toEqual({ image: { completed: 150 } });
  });

  test("names no cursor where it may lack an open job that the history has not read", async ({
    user,
  }) => {
    const submitted = await user.submit(101);
    await user.tell(...submitted.map((job) => as(job, "processing")));
    const seqOf = async (query: object) =>
      (await user.jobs.list(query, user.owner)).feedCursor?.seq;
    for (const query of [{}, { status: "queued,processing" }, { status: "failed" }])
      expect(await seqOf(query)).toBe(101);
    for (const query of [{ status: "processing" }, { type: "image" }, { batchId: "1" }])
      expect(await seqOf(query)).toBeUndefined();
    expect(await seqOf({ status: "processing", limit: 101 })).toBe(101);
  });

  test("needs no feed that can be read, nor do counts and single jobs", async ({ user }) => {
    const job = await user.submitOne();
    await user.spoilFeed();
    const { owner, jobs } = user;
    expect(await jobs.list({}, owner)).toEqual({ items: [job], nextCursor: null });
    expect(await jobs.counts(owner)).toEqual({ counts: { image: { queued: 1 } } });
    expect(await jobs.find(job.jobId, owner)).toEqual({ job });
  });
});

describe("a count of jobs", () => {
  test("counts a job once, wherever its newest state is", async ({ user }) => {
    const ended = await user.submitOne();
    const retried = await user.submitOne();
    const old = await user.submitOne();
    await user.tell(as(ended, "completed"), as(retried, "processing", 2), as(old, "failed"));
    await user.write(as(ended, "processing"), as(retried, "failed"), as(old, "failed"));
    await user.acceptAgain(ended.jobId);
    expect(await user.jobs.counts(user.owner)).toMatchObject({
      counts: { image: { completed: 1, processing: 1, failed: 1 } },
      feedCursor: { seq: 3 },
    });
  });
});

describe("a read of a job", () => {
  test("names a place in its owner's feed, to whoever may follow that", async ({ user }) => {
    const job = await user.submitOne();
    const read = (who = user.owner) => user.jobs.find(job.jobId, who);
    expect(await read()).toEqual({ job });
    await user.tell(as(job, "processing"));
    const { job: running } = as(job, "processing");
    const feedCursor = { epoch: expect.any(String), seq: 1 };
    for (const who of [user.owner, caller({ isAdmin: true }), caller({ isService: true })])
      expect(await read(who)).toEqual({ job: running, feedCursor });
    const guest = caller({ onlyJob: job.jobId });
    expect((await read(guest))?.feedCursor).toBeUndefined();
  });

  test("names it also when only the history knows the job", async ({ user }) => {
    const job = await user.submitOne();
    const done = as(job, "completed");
    await user.tell(done);
    await user.write(done);
    await user.forgetSnapshot(job.jobId);
    await user.forgetRecord(job.jobId);
    const found = await user.jobs.find(job.jobId, user.owner);
    expect(found).toMatchObject({ job: { status: "completed" }, feedCursor: { seq: 1 } });
  });

  test("does not call a job queued whose outcome only the history knows, while that is away", async ({
    user,
  }) => {
    const job = await user.submitOne();
    const waiting = await user.submitOne();
    await user.tell(as(job, "completed"));
    await user.forgetSnapshot(job.jobId);
    await expect(user.alone.find(job.jobId, user.owner)).rejects.toMatchObject({
      code: "unavailable",
    });
    expect((await user.alone.find(waiting.jobId, user.owner))?.job).toEqual(waiting);
  });
});
