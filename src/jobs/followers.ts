import type { JobErrorCode } from "../contract/errors.ts";
import { isFinal } from "../contract/job.ts";
import { queueName } from "../contract/names.ts";
import type { WorkError, WorkFailure } from "../contract/worker.ts";
import { JobcastError } from "../errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import type { Catalog } from "./catalog.ts";
import { type ParentInput, toParentInput } from "./parent-input.ts";
import { patiently } from "./patience.ts";
import { orFalse, type QueuedJob, type Queues } from "./queues.ts";
import { type JobRecord, ownerAudience } from "./record.ts";
import type { RecordedJob, Records } from "./records.ts";
import type { StoredJob } from "./snapshot.ts";
import type { Snapshots } from "./snapshots.ts";
import { waitsForParent } from "./waiting.ts";

/**
 * Jobs that wait for others. They are in the queue from the start, delayed for good: so they are listed, counted and cancelled as any other. When the
 * job before one has succeeded it is given its input and let go; when that failed or was cancelled, it ends too.
 *
 * What is done follows from how the parent stands now, not from what has just happened to it, and only to jobs that still wait; so each
 * function may be called again, by anybody and at any time.
 */
export interface Followers {
  /** To be called when a job has ended, and its feed was told. */
  settle(parent: JobRecord): Promise<void>;
  /** To be called for a job that may have been forgotten. */
  look(follower: JobRecord): Promise<void>;
}

export interface FollowersDeps {
  redis: RedisClient;
  keys: Keys;
  catalog: Catalog;
  queues: Pick<Queues, "find">;
  records: Pick<Records, "read" | "readMany" | "isRetriedSince">;
  snapshots: Pick<Snapshots, "read">;
  log: Logger;
}

/** A job that waits, as BullMQ has it. */
interface Waiting {
  follower: JobRecord;
  job: QueuedJob;
}

/** BullMQ's words for a job that somebody else let go or removed a moment ago. */
const GONE = ["is not in the delayed state", "Missing key"];

export function createFollowers(deps: FollowersDeps): Followers {
  const { redis, keys, queues, records, snapshots } = deps;
  const endWaiting = loadScript("end-waiting");

  async function findWaiting(follower: JobRecord): Promise<Waiting | undefined> {
    const job = await queues.find(follower);
    return job !== undefined && waitsForParent(job) ? { follower, job } : undefined;
  }

  /** How a job ended; `undefined` for one that is to run again, whose next outcome decides. */
  async function outcomeOf(record: JobRecord): Promise<StoredJob | undefined> {
    const snapshot = await snapshots.read(ownerAudience(record), record.jobId);
    if (snapshot === undefined || !isFinal(snapshot.job.status)) return undefined;
    const { job, retries } = snapshot;
    if (job.status === "completed") return job;
    return (await isComingBack({ record, retries })) ? undefined : job;
  }

  /** A retry is counted first, then followers wait again, then the job is in line, and at last that is told. */
  async function isComingBack(told: RecordedJob): Promise<boolean> {
    if (await records.isRetriedSince(told)) return true;
    const queued = await queues.find(told.record);
    return queued !== undefined && !(await patiently(() => queued.isFailed()));
  }

  async function settleOne({ follower, job }: Waiting, parent: StoredJob): Promise<void> {
    if (parent.status !== "completed") return await end(follower, job, toSkipped(parent));
    const found = inputOf(follower, parent, deps);
    if (found.kind === "failed") return await end(follower, job, found.error);
    await letGo(follower, job, found);
  }

  async function letGo(
    { delayMs }: JobRecord,
    job: QueuedJob,
    { input }: ParentInput & { kind: "input" },
  ): Promise<void> {
    const data = { ...job.data, input, readyAt: Date.now() + delayMs };
    // First, since a worker may take the job before the next line.
    await patiently(() => orFalse(job.updateData(data), ...GONE));
    await patiently(() => orFalse(delayMs > 0 ? job.changeDelay(delayMs) : job.promote(), ...GONE));
  }

  async function end({ jobId, type, lane }: JobRecord, job: QueuedJob, error: WorkError) {
    const queue = queueName(type, lane);
    const failure: WorkFailure = { ...error, run: 0 };
    const lists = [keys.bullKey(queue, jobId), keys.line(queue).delayed, keys.events(queue)];
    const args = [jobId, job.timestamp, job.delay, JSON.stringify(failure)];
    await patiently(() => endWaiting.run(redis, lists, args));
  }

  return {
    async settle(parent) {
      if (parent.followers === undefined) return;
      const found = await Promise.all((await records.readMany(parent.followers)).map(findWaiting));
      const waiting = found.filter((one) => one !== undefined);
      if (waiting.length === 0) return;
      // Looked at after them: in the other order, an outcome from before a retry would end those that wait for the retry.
      const outcome = await outcomeOf(parent);
      if (outcome !== undefined) await Promise.all(waiting.map((one) => settleOne(one, outcome)));
    },
    async look(follower) {
      if (follower.parentId === null) return;
      const waiting = await findWaiting(follower);
      if (waiting === undefined) return;
      const parent = await records.read(follower.parentId);
      const outcome = parent && (await outcomeOf(parent.record));
      if (outcome !== undefined) await settleOne(waiting, outcome);
    },
  };
}

function inputOf(
  follower: JobRecord,
  parent: StoredJob,
  { catalog, log }: Pick<FollowersDeps, "catalog" | "log">,
): ParentInput {
  const { type, from, options } = follower;
  const known = catalog.get(type);
  if (from === undefined || known === undefined) return { kind: "input", input: follower.input };
  const found = toParentInput(known, from, parent.result ?? {});
  if (found.kind === "failed" || known.check === undefined) return found;
  try {
    known.check({ input: found.input, options });
    return found;
  } catch (thrown) {
    if (thrown instanceof JobcastError) return failed("input_unsupported", thrown.message);
    log.error({ err: thrown, jobId: follower.jobId, type }, "followers: an input broke its check");
    return failed("internal", "What the job before it made could not be checked");
  }
}

const failed = (code: JobErrorCode, message: string): ParentInput => ({
  kind: "failed",
  error: { code, message },
});

const toSkipped = ({ status }: StoredJob): WorkError => ({
  code: "parent_failed",
  message:
    status === "cancelled"
      ? "The job before it was cancelled, so this one did not run"
      : "The job before it failed, so this one did not run",
});
