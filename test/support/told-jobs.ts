import { fearless } from "./stage.ts";
import { isFinal, type JobStatus } from "../../src/contract/job.ts";
import { userAudience } from "../../src/contract/names.ts";
import { JobcastError } from "../../src/errors.ts";
import { createWriter, type Entry } from "../../src/feeds/append.ts";
import { createJobs } from "../../src/jobs/create-jobs.ts";
import type { JobSnapshot, StoredJob } from "../../src/jobs/snapshot.ts";
import { createSnapshots } from "../../src/jobs/snapshots.ts";
import { sleep } from "../../src/lib/sleep.ts";
import { partitionOf } from "../../src/redis/keys.ts";
import { caller, PARTITIONS, request, test as base } from "./jobs-service.ts";
import { createTeller } from "./telling.ts";

const away = () => Promise.reject(new JobcastError("unavailable", "No database"));
export const noHistory = {
  find: away,
  list: away,
  counts: away,
  notFinishedSince: away,
  remove: away,
};

/** Tests of a user whose feed is told as the recorder does it. */
export const test = base.extend(
  "user",
  ({ redis, service: { keys, deps, jobs, history, records } }) => {
    const owner = caller();
    const audience = userAudience(owner.userId);
    const place = [partitionOf(audience, PARTITIONS), audience] as const;
    const writer = createWriter({
      redis,
      keys,
      partitions: PARTITIONS,
      maxFacts: 10_000,
      ttlHours: 1,
      continuity: fearless,
    });
    const say = createTeller(writer, audience);
    return {
      owner,
      jobs,
      /** As they are without Postgres. */
      alone: createJobs({ ...deps, history: noHistory }),
      submitOne: async () => (await jobs.submit({ request: request(), caller: owner })).job,
      /** At one time, ms since 1970. */
      async submit(count: number, at = Date.now()): Promise<StoredJob[]> {
        const { submit } = createJobs({ ...deps, now: () => at });
        const submits = Array.from({ length: count }, () =>
          submit({ request: request(), caller: owner }),
        );
        return (await Promise.all(submits)).map(({ job }) => job);
      },
      tell: async (...snapshots: JobSnapshot[]) => void (await say(...snapshots.map(toFact))),
      /** Lets the history know. */
      write: (...snapshots: JobSnapshot[]) =>
        history.upsert(snapshots.map((snapshot) => ({ snapshot, audiences: [audience] }))),
      /** As a submit does that is made again. */
      async acceptAgain(jobId: string) {
        const found = await records.read(jobId);
        if (found !== undefined) await createSnapshots(deps).accept(found.record);
      },
      /** Takes away what Redis keeps of a finished job for a while only. */
      forgetSnapshot: (jobId: string) => redis.hdel(keys.jobs(...place), jobId),
      forgetRecord: (jobId: string) => records.remove(jobId),
      /** Makes the place of the feed unreadable. */
      spoilFeed: () => redis.set(keys.meta(...place), "no hash"),
    };
  },
);

const toFact = (snapshot: JobSnapshot): Entry => ({
  kind: "fact",
  event: "job-queued",
  jobId: snapshot.job.jobId,
  body: JSON.stringify(snapshot.job).slice(0, -1),
  snapshot: JSON.stringify(snapshot),
  isOpen: !isFinal(snapshot.job.status),
  createdAt: Date.parse(snapshot.job.createdAt),
});

/** A job in some state of its `run`th attempt. */
export function as(job: StoredJob, status: JobStatus, run = 1): JobSnapshot {
  const finishedAt = isFinal(status) ? new Date().toISOString() : null;
  return { run, retries: 0, mark: null, job: { ...job, status, attempt: run, finishedAt } };
}

const STATUSES = ["processing", "completed"] as const;
/** As the history's reader lets its batches grow. */
const LINGER_MS = 50;

interface Told {
  tell(snapshot: JobSnapshot): Promise<void>;
  write(...snapshots: JobSnapshot[]): Promise<void>;
}

/** Jobs that start, end, and start again, until they are stopped; the history follows. */
export function keepChanging({ tell, write }: Told, jobs: StoredJob[]) {
  /** In the order of the feed; the last one may not have been told yet. */
  const said: JobSnapshot[] = [];
  let unread: JobSnapshot[] = [];
  const over = new AbortController();

  async function change(): Promise<void> {
    while (!over.signal.aborted) {
      const round = Math.floor(said.length / jobs.length);
      const job = jobs[said.length % jobs.length];
      if (job === undefined) return;
      const status = STATUSES[round % 2] ?? "queued";
      const snapshot = as(job, status, Math.floor(round / 2) + 1);
      said.push(snapshot);
      await tell(snapshot);
      unread.push(snapshot);
    }
  }

  async function follow(): Promise<void> {
    while (!over.signal.aborted) {
      await sleep(LINGER_MS, over.signal);
      const newest = new Map(unread.map((snapshot) => [snapshot.job.jobId, snapshot]));
      unread = [];
      await write(...newest.values());
    }
  }

  const ended = Promise.all([change(), follow()]);
  return {
    said,
    async stop(): Promise<void> {
      over.abort();
      await ended;
    },
  };
}
