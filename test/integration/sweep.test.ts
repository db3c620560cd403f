import { Queue } from "bullmq";
import { describe, expect, vi } from "vitest";
import { JobcastError } from "../../src/errors.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import type { JobSnapshot } from "../../src/jobs/snapshot.ts";
import { sweep } from "../../src/recorder/sweep.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { ALONE } from "../support/alone.ts";
import { NONE } from "../support/applier.ts";
import { audiences, endUnheard, hasEnded, hearBoth, isTold } from "../support/both-feeds.ts";
import { isCaughtUp } from "../support/caught-up.ts";
import { test } from "../support/feeds.ts";
import { eventsOf, listen, upTo } from "../support/listening.ts";
import { leaseOf, PARTITIONS, QUEUE, sign, silent, type Stage } from "../support/stage.ts";
import { eventIds, mends, sweepNow } from "../support/sweeping.ts";
import { addUnmendable } from "../support/unmendable.ts";

/** As a version of Jobcast with other words for it would have told of a job that waits. */
async function speakOtherwise({ redis, keys }: Stage, jobId: string): Promise<void> {
  for (const audience of audiences) {
    const snapshots = keys.jobs(partitionOf(audience, PARTITIONS), audience);
    const snapshot: JobSnapshot = JSON.parse((await redis.hget(snapshots, jobId)) ?? "");
    const job = { ...snapshot.job, step: "an older version's words" };
    await redis.hset(snapshots, jobId, JSON.stringify({ ...snapshot, job }));
  }
}

/** A job that has been told of as waiting; nobody reads on. */
async function leaveOneTold(stage: Stage) {
  const { ears, recorder } = await hearBoth(stage);
  const { jobId } = await stage.submit({ audiences });
  await isTold(ears, ["job-queued"]);
  await isCaughtUp(stage);
  await recorder.close();
  return { ears, jobId };
}

describe("the sweep", () => {
  test.for([
    ["completed", async () => ({}), "job-completed"],
    ["failed", () => Promise.reject(new Error("no")), "job-failed"],
  ] as const)(
    "tells once of a job that %s and whose events are gone",
    async ([, run, told], { stage }) => {
      const { ears, recorder } = await hearBoth(stage);
      await stage.submit({ audiences, maxAttempts: 1 });
      await isTold(ears, ["job-queued"]);
      await recorder.close();
      await endUnheard(stage, run);
      await mends(stage, ears, ["job-queued", told]);
    },
  );

  test("looks past a job that cannot be mended, and comes back to it after the others", async ({
    stage,
  }) => {
    const { ears, recorder } = await hearBoth(stage);
    await stage.submit({ audiences, maxAttempts: 1 });
    await isTold(ears, ["job-queued"]);
    await recorder.close();
    await endUnheard(stage, async () => ({}));
    const lookedAt = await addUnmendable(stage);
    const begunAt = Date.now();
    await mends(stage, ears, ["job-queued", "job-completed"]);
    expect(Math.min(...(await lookedAt()))).toBeGreaterThanOrEqual(begunAt);
  });

  test("stops when none can be mended at the moment", async ({ stage }) => {
    await leaveOneTold(stage);
    const away = () => Promise.reject(new JobcastError("unavailable", "No queue"));
    const stopped = { ...stage, queues: { ...stage.queues, find: away } };
    await vi.waitFor(() =>
      expect(sweepNow(stopped)).rejects.toMatchObject({ code: "unavailable" }),
    );
  });

  test("looks at more than a batch when it is thorough", async ({ stage }) => {
    const { redis, keys } = stage;
    const open = keys.open(partitionOf("case:1", PARTITIONS));
    const count = 450;
    const members = upTo(count).flatMap((n) => [n, `case:1\nnobody-${n}`]);
    await redis.zadd(open, ...members);
    await sweepNow(stage);
    expect(await redis.zcard(open)).toBe(count - 200);
    await sweepNow(stage, { unchangedMs: 0, lateMs: 0, isThorough: true });
    expect(await redis.zcard(open)).toBe(0);
  });

  test("gives what it tells the same id on every feed", async ({ stage }) => {
    const { ears, recorder } = await hearBoth(stage);
    const job = await stage.submit({ audiences });
    await isTold(ears, ["job-queued"]);
    await stage.redis.del(`${stage.keys.bull(QUEUE)}:${QUEUE}:${job.jobId}`);
    await isCaughtUp(stage);
    await recorder.close();
    await mends(stage, ears, ["job-queued", "job-cancelled"]);
    expect(eventIds(ears[0].items)).toEqual(eventIds(ears[1].items));
  });

  test.for(["drain", "obliterate"] as const)(
    "tells of jobs that %s took away",
    async (how, { stage }) => {
      const { ears, recorder } = await hearBoth(stage);
      for (const _ of upTo(3)) await stage.submit({ audiences });
      await isTold(ears, ["job-queued", "job-queued", "job-queued"]);
      const queue = new Queue(QUEUE, {
        connection: stage.connect(),
        prefix: stage.keys.bull(QUEUE),
      });
      await isCaughtUp(stage);
      await recorder.close();
      await queue[how]();
      await queue.close();
      await vi.waitFor(async () => expect(await sweepNow(stage)).toBeGreaterThan(0));
      await vi.waitFor(async () => expect(await sweepNow(stage)).toBe(0));
      await isTold(ears, [
        ...upTo(3).map(() => "job-queued"),
        ...upTo(3).map(() => "job-cancelled"),
      ]);
    },
  );

  test("tells of a run that was never told, while it runs", async ({ stage }) => {
    const node = await stage.node();
    const ear = await listen(node, "user:42");
    const recorder = stage.recorder();
    await stage.submit({ audiences: ["user:42"] });
    await isTold([ear], ["job-queued"]);
    await recorder.close();
    const started = Promise.withResolvers<void>();
    const hanging = Promise.withResolvers<void>();
    await stage.work(async () => {
      started.resolve();
      await hanging.promise;
    });
    await started.promise;
    await stage.redis.xtrim(stage.keys.events(QUEUE), "MAXLEN", 0);
    await mends(stage, [ear], ["job-queued", "job-started"]);
    hanging.resolve();
  });

  test("leaves alone what is merely late", async ({ stage }) => {
    const node = await stage.node();
    const ear = await listen(node, "user:42");
    const recorder = stage.recorder();
    await stage.submit({ audiences });
    await isTold([ear], ["job-queued"]);
    await recorder.close();
    await stage.work(async () => ({}));
    await hasEnded(stage);
    // Nobody has read the events yet, ...
    expect(await sweepNow(stage)).toBe(0);
    // ... or it was a moment ago, ...
    await stage.redis.xtrim(stage.keys.events(QUEUE), "MAXLEN", 0);
    expect(await sweepNow(stage, { unchangedMs: 0, lateMs: 60_000 })).toBe(0);
    // ... or the snapshot has just changed.
    expect(await sweepNow(stage, { unchangedMs: 60_000, lateMs: 0 })).toBe(0);
    expect(eventsOf(ear.items)).toEqual(["job-queued"]);
  });

  test("leaves alone a job that waits or runs as told", async ({ stage }) => {
    const { ears, recorder } = await hearBoth(stage);
    const hanging = Promise.withResolvers<void>();
    await stage.work(() => hanging.promise);
    await stage.submit({ audiences });
    await isTold(ears, ["job-queued", "job-started"]);
    await isCaughtUp(stage);
    await recorder.close();
    expect(await sweepNow(stage)).toBe(0);
    hanging.resolve();
    expect(eventsOf(ears[0].items)).toEqual(["job-queued", "job-started"]);
  });

  test("looks after the jobs that wait for others in the queue, and those alone", async ({
    stage,
  }) => {
    const { ears, recorder } = await hearBoth(stage);
    const { jobId } = await stage.submit({ audiences, parentId: "parent" });
    await stage.submit({ audiences, delayMs: 600_000 });
    await isTold(ears, ["job-queued", "job-queued"]);
    await isCaughtUp(stage);
    await recorder.close();
    await speakOtherwise(stage, jobId);
    const looked: string[] = [];
    const followers = { look: async (one: JobRecord) => void looked.push(one.jobId) };
    await vi.waitFor(async () => {
      await sweepNow({ ...stage, followers });
      expect(looked).toEqual(audiences.map(() => jobId));
    });
  });

  test("forgets what has neither a record nor a snapshot", async ({ stage }) => {
    const { jobId } = await leaveOneTold(stage);
    await stage.records.remove(jobId);
    expect(await sweepNow(stage)).toBe(0);
    expect((await stage.reader.page({ audience: "user:42" })).openJobs).toBe(0);
  });

  test("of a zombie stops at the first refusal", async ({ stage }) => {
    const { ears } = await leaveOneTold(stage);
    const parts = { followers: NONE, replicas: ALONE, sign, log: silent };
    const options = { ...stage, ...parts, partitions: PARTITIONS };
    const gone = { find: async () => undefined };
    const patience = { unchangedMs: 0, lateMs: 0 };
    const zombie = { ...leaseOf("keeper"), fence: 0 };
    await vi.waitFor(() =>
      expect(sweep(zombie, { ...options, ...patience, queues: gone })).rejects.toThrow(
        "taken over",
      ),
    );
    expect(eventsOf(ears[0].items)).toEqual(["job-queued"]);
  });
});
