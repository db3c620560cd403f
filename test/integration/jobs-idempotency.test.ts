import { randomUUID } from "node:crypto";
import { describe, expect, vi } from "vitest";
import type { Submission } from "../../src/jobs/jobs.ts";
import { createJobs, type JobsDeps, type JobsService } from "../../src/jobs/create-jobs.ts";
import { JobcastError } from "../../src/errors.ts";
import { toSnapshot } from "../../src/jobs/snapshot.ts";
import { userAudience } from "../../src/contract/names.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { caller, PARTITIONS, request, test } from "../support/jobs-service.ts";

const keyed = (fields: Partial<Submission> = {}): Submission => ({
  request: request(),
  caller: caller(),
  idempotency: { key: randomUUID(), bodyHash: "a" },
  ...fields,
});

const HOUR_MS = 3_600_000;

/** A submit whose process dies between its intent and its answer. */
async function dieInBetween(
  service: { deps: JobsDeps },
  submit: (stuck: JobsService) => Promise<unknown>,
) {
  const { queues, intents } = service.deps;
  const never = () => new Promise<never>(() => {});
  const stuck = createJobs({ ...service.deps, queues: { ...queues, add: never, addAll: never } });
  const begin = vi.spyOn(intents, "begin");
  void submit(stuck);
  await vi.waitFor(() => expect(begin).toHaveResolved());
  begin.mockRestore();
}

/** As it is when all pending intents were left behind long ago. */
function later({ deps }: { deps: JobsDeps }, more: Partial<JobsDeps> = {}): JobsService {
  const intents = { ...deps.intents, ...more.intents };
  const pendingOlderThan = () => deps.intents.pendingOlderThan(-HOUR_MS);
  return createJobs({ ...deps, ...more, intents: { ...intents, pendingOlderThan } });
}

/** The service with another way to put jobs in line. */
const withAdd = ({ deps }: { deps: JobsDeps }, add: JobsDeps["queues"]["add"]): JobsService =>
  createJobs({ ...deps, queues: { ...deps.queues, add } });

const away = () => Promise.reject(new JobcastError("unavailable", "No database"));

describe("a submit with a key", () => {
  test("gives its first answer again, and makes one job", async ({ service }) => {
    const submission = keyed();
    const first = await service.jobs.submit(submission);
    const second = await service.jobs.submit(submission);
    expect(second).toEqual({ job: first.job, isReplay: true });
    expect((await service.jobs.list({}, submission.caller)).items).toHaveLength(1);
  });

  test("is made once when calls come together", async ({ service }) => {
    const submission = keyed();
    const calls = await Promise.allSettled(
      Array.from({ length: 5 }, () => service.jobs.submit(submission)),
    );
    const refused = calls.flatMap((call) => (call.status === "rejected" ? [call.reason] : []));
    for (const error of refused) expect(error).toMatchObject({ code: "idempotency_in_progress" });
    expect(refused.length).toBeLessThan(5);
    expect((await service.jobs.list({}, submission.caller)).items).toHaveLength(1);
  });

  test("refuses another request under the same key", async ({ service }) => {
    const submission = keyed();
    await service.jobs.submit(submission);
    const { key } = submission.idempotency ?? { key: "" };
    const other = { ...submission, idempotency: { key, bodyHash: "b" } };
    await expect(service.jobs.submit(other)).rejects.toMatchObject({
      code: "idempotency_mismatch",
    });
  });

  test("leaves the same key of other callers alone", async ({ service }) => {
    const submission = keyed();
    const first = await service.jobs.submit(submission);
    const other = await service.jobs.submit({ ...submission, caller: caller() });
    expect(other.isReplay).toBe(false);
    expect(other.job.jobId).not.toBe(first.job.jobId);
  });

  test("does not keep a refusal", async ({ service }) => {
    const submission = keyed({ request: request({ type: "nope" }) });
    await expect(service.jobs.submit(submission)).rejects.toMatchObject({ code: "invalid" });
    const corrected = { ...submission, request: request() };
    expect((await service.jobs.submit(corrected)).isReplay).toBe(false);
  });

  test("that failed is finished by a repeat at once, whatever comes of the first call later", async ({
    service,
  }) => {
    const submission = keyed();
    const onTheirWay: Parameters<typeof service.queues.add>[] = [];
    const jobs = withAdd(service, async (...job) => {
      onTheirWay.push(job);
      throw new JobcastError("unavailable", "No queue");
    });
    await expect(jobs.submit(submission)).rejects.toMatchObject({ code: "unavailable" });
    const { job, isReplay } = await vi.waitFor(() => service.jobs.submit(submission));
    expect(isReplay).toBe(true);
    for (const late of onTheirWay) await service.queues.add(...late);
    expect(onTheirWay.map(([{ jobId }]) => jobId)).toEqual([job.jobId]);
    expect((await service.jobs.list({}, submission.caller)).items).toHaveLength(1);
  });

  test("that failed when its job had run already does not run it again", async ({ service }) => {
    const echo = { type: "echo", input: { data: { text: "once" } } };
    const submission = keyed({ request: echo });
    const mine: string[] = [];
    const ran = Promise.withResolvers<void>();
    const worker = await service.work("echo", async ({ id = "" }) => void mine.push(id));
    worker.on("completed", () => ran.resolve());
    const jobs = withAdd(service, async (...job) => {
      await service.queues.add(...job);
      await ran.promise;
      throw new JobcastError("unavailable", "Nobody confirms it");
    });
    await expect(jobs.submit(submission)).rejects.toMatchObject({ code: "unavailable" });
    const { job } = await vi.waitFor(() => service.jobs.submit(submission));
    const marker = await service.jobs.submit({ request: echo, caller: submission.caller });
    await vi.waitFor(() => expect(mine).toContain(marker.job.jobId));
    expect(mine).toEqual([job.jobId, marker.job.jobId]);
  });

  test("whose job was told of and then lost by its queue is put in line by a repeat", async ({
    service,
  }) => {
    const submission = keyed();
    const jobs = withAdd(service, async (record) => {
      await service.tell(toSnapshot(record));
      throw new JobcastError("unavailable", "Its primary is gone, and has not told its replica");
    });
    await expect(jobs.submit(submission)).rejects.toMatchObject({ code: "unavailable" });
    const { job } = await vi.waitFor(() => service.jobs.submit(submission));
    expect((await service.queues.find(job))?.id).toBe(job.jobId);
  });

  test("whose repeat failed too is finished by the next one at once", async ({ service }) => {
    const submission = keyed();
    const jobs = withAdd(service, () => Promise.reject(new JobcastError("unavailable", "None")));
    for (let i = 0; i < 2; i += 1)
      await vi.waitFor(() =>
        expect(jobs.submit(submission)).rejects.toMatchObject({ code: "unavailable" }),
      );
    const { job } = await vi.waitFor(() => service.jobs.submit(submission));
    expect((await service.queues.find(job))?.id).toBe(job.jobId);
  });

  test("is in progress until its process must have died, and is then finished by a repeat", async ({
    service,
  }) => {
    const submission = keyed();
    await dieInBetween(service, (stuck) => stuck.submit(submission));
    await expect(service.jobs.submit(submission)).rejects.toMatchObject({
      code: "idempotency_in_progress",
      retryAfterSeconds: 1,
    });
    const patient = createJobs({ ...service.deps, now: () => Date.now() + 31_000 });
    const { job, isReplay } = await patient.submit(submission);
    expect(isReplay).toBe(true);
    expect((await service.queues.find(job))?.id).toBe(job.jobId);
    expect((await service.jobs.submit(submission)).job).toEqual(job);
  });

  test("is not taken back by a first call that failed after a repeat was answered", async ({
    service,
  }) => {
    const submission = keyed();
    const slow = Promise.withResolvers<never>();
    const begin = vi.spyOn(service.deps.intents, "begin");
    const stuck = createJobs({
      ...service.deps,
      queues: { ...service.queues, add: () => slow.promise },
    });
    const first = expect(stuck.submit(submission)).rejects.toThrow("No queue");
    await vi.waitFor(() => expect(begin).toHaveResolved());
    const patient = createJobs({ ...service.deps, now: () => Date.now() + 31_000 });
    const { job } = await patient.submit(submission);

    const hold = vi.spyOn(service.deps.intents, "hold");
    slow.reject(new Error("No queue"));
    await first;
    await vi.waitFor(() => expect(hold).toHaveResolvedWith(undefined));
    expect((await service.queues.find(job))?.id).toBe(job.jobId);
    expect((await service.jobs.submit(submission)).job).toEqual(job);
  });

  test("is finished by the sweep when its process died", async ({ service }) => {
    const submission = keyed();
    await dieInBetween(service, (stuck) => stuck.submit(submission));
    await later(service).finishPending();
    const { job, isReplay } = await service.jobs.submit(submission);
    expect(isReplay).toBe(true);
    expect((await service.queues.find(job))?.id).toBe(job.jobId);
  });

  test("is finished by the sweep though one before it, which broke, cannot be", async ({
    service,
    redis,
  }) => {
    const [broken, job] = [keyed(), keyed()];
    const { caller: who, idempotency = { key: "", bodyHash: "" } } = keyed();
    const batch = { caller: who, idempotency, request: { jobs: [request()] } };
    await dieInBetween(service, (stuck) => stuck.submit(broken));
    await dieInBetween(service, (stuck) => stuck.submit(job));
    await dieInBetween(service, (stuck) => stuck.batches.submit(batch));
    const owner = userAudience(broken.caller.userId);
    const snapshots = service.keys.jobs(partitionOf(owner, PARTITIONS), owner);
    await redis.set(snapshots, "no hash");
    await later(service).finishPending();
    expect((await service.jobs.submit(job)).isReplay).toBe(true);
    expect((await service.jobs.batches.submit(batch)).isReplay).toBe(true);
    await expect(service.jobs.submit(broken)).rejects.toMatchObject({
      code: "idempotency_in_progress",
    });

    await redis.del(snapshots);
    await later(service).finishPending();
    expect((await service.jobs.submit(broken)).isReplay).toBe(true);
  });

  test("ends the sweep when nothing can be finished at the moment", async ({ service }) => {
    await dieInBetween(service, (stuck) => stuck.submit(keyed()));
    const { intents } = service.deps;
    await expect(
      later(service, { intents: { ...intents, finish: away } }).finishPending(),
    ).rejects.toMatchObject({ code: "unavailable" });
  });

  test("fails with unavailable without Postgres, and makes nothing", async ({ service }) => {
    const jobs = createJobs({ ...service.deps, intents: { ...service.intents, begin: away } });
    const submission = keyed();
    await expect(jobs.submit(submission)).rejects.toMatchObject({ code: "unavailable" });
    expect((await service.jobs.list({}, submission.caller)).items).toEqual([]);
  });
});
