import { UnrecoverableError } from "bullmq";
import { describe, expect, vi } from "vitest";
import type { JobStatus } from "../../src/contract/job.ts";
import { createJobs } from "../../src/jobs/create-jobs.ts";
import { createFollowers } from "../../src/jobs/followers.ts";
import type { Queues } from "../../src/jobs/queues.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { createSnapshots } from "../../src/jobs/snapshots.ts";
import { toSnapshot } from "../../src/jobs/snapshot.ts";
import { waitsForParent } from "../../src/jobs/waiting.ts";
import { caller, PARTITIONS, request, test as base } from "../support/jobs-service.ts";

/** A job that was cancelled, and the one that waits for it still. No recorder runs: the test says what is told, and when. */
const test = base.extend("pair", async ({ service, redis }) => {
  const { jobs, records, queues, keys, deps, tell } = service;
  const owner = caller();
  const then = [{ type: "image", input: { from: "parent" } }];
  const submitted = await jobs.submit({ request: request({ then, delay: 60_000 }), caller: owner });
  const { jobId } = submitted.job;
  const { record: parent } = (await records.read(jobId)) ?? expect.fail("No record");
  const [follower = parent] = await records.readMany(parent.followers ?? []);
  const snapshots = createSnapshots({ redis: deps.redis, keys, partitions: PARTITIONS });
  const findFollower = () => queues.find(follower);

  async function tellEnd(record: JobRecord, status: JobStatus, code: string, retries = 0) {
    const { job, ...before } = toSnapshot(record);
    const error = { code, message: "Sorry", retryable: false };
    await tell({ ...before, retries, job: { ...job, status, error } });
  }

  await jobs.cancel(jobId, owner);
  await tellEnd(parent, "cancelled", "cancelled");
  return {
    parent,
    follower,
    /** As who settles at another place sees the queues. */
    followers: (seen: Queues = queues) =>
      createFollowers({ ...deps, records, snapshots, queues: seen }),
    tellFailedAgain: () => tellEnd(parent, "failed", "internal", 1),
    /** Retries the parent; what follows from its end is told as soon as the queue says so. */
    async retry(seen: Queues = queues) {
      const retried = createJobs({ ...deps, queues: seen }).retry(jobId, owner);
      await vi.waitFor(async () => expect(await findFollower()).toBeUndefined());
      await tellEnd(follower, "cancelled", "parent_failed");
      return await retried;
    },
    /** As if the parent had been retried longer ago than anybody waits for it to be in line. */
    passMinute: () => redis.hincrby(keys.job(jobId), "retriedAt", -61_000),
    async waits(): Promise<boolean> {
      const found = await findFollower();
      return found !== undefined && waitsForParent(found);
    },
  };
});

describe("a job that waits again since its parent is retried", () => {
  test("is ended neither before the parent is in line nor before that is told", async ({
    service: { queues },
    pair: { parent, followers, retry, passMinute, waits },
  }) => {
    const add: Queues["add"] = async (record, count) => {
      if (record.jobId === parent.jobId) expect(await waits()).toBe(true);
      await queues.add(record, count);
      if (record.jobId === parent.jobId) return;
      await followers().settle(parent);
      expect(await waits()).toBe(true);
    };
    await retry({ ...queues, add });
    await passMinute();
    await followers().settle(parent);
    expect(await waits()).toBe(true);
  });

  test("is not ended by who had looked at the parent before", async ({
    service: { queues },
    pair: { parent, followers, retry, waits },
  }) => {
    const find: Queues["find"] = async (record) => {
      const found = await queues.find(record);
      if (record.jobId === parent.jobId) await retry();
      return found;
    };
    await followers({ ...queues, find }).settle(parent);
    expect(await waits()).toBe(true);
  });

  test("ends when the parent has ended again before the retry was over", async ({
    service: { queues, work },
    pair: { parent, followers, tellFailedAgain, retry, waits },
  }) => {
    await work("image", () => Promise.reject(new UnrecoverableError("No luck")));
    const add: Queues["add"] = async (record, count) => {
      await queues.add(record, count);
      if (record.jobId !== parent.jobId) return;
      await vi.waitFor(async () =>
        expect(await (await queues.find(parent))?.isFailed()).toBe(true),
      );
      await tellFailedAgain();
      expect(await waits()).toBe(true);
      await followers().settle(parent);
    };
    await retry({ ...queues, add });
    expect(await waits()).toBe(false);
  });

  test("ends a minute after a retry that died before the parent was in line", async ({
    service: { queues },
    pair: { parent, follower, followers, retry, passMinute, waits },
  }) => {
    const add: Queues["add"] = (record, count) =>
      record.jobId === parent.jobId
        ? Promise.reject(new Error("Killed"))
        : queues.add(record, count);
    await expect(retry({ ...queues, add })).rejects.toThrow("Killed");
    await followers().look(follower);
    expect(await waits()).toBe(true);
    await passMinute();
    await followers().look(follower);
    expect(await waits()).toBe(false);
  });
});
