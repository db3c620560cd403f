import { isFinal } from "../contract/job.ts";
import type { Caller } from "../contract/tokens.ts";
import { JobcastError } from "../errors.ts";
import { requireFullToken } from "./access.ts";
import type { Followers } from "./followers.ts";
import type { Queues } from "./queues.ts";
import type { JobRecord } from "./record.ts";
import type { RecordedJob, Records } from "./records.ts";
import { settle } from "./settle.ts";
import type { JobSnapshot, StoredJob } from "./snapshot.ts";
import type { Snapshots } from "./snapshots.ts";
import type { States } from "./states.ts";
import { transition } from "./transition.ts";

export interface RetryDeps {
  states: States;
  queues: Pick<Queues, "find" | "retry" | "add">;
  records: Pick<Records, "countRetry">;
  snapshots: Pick<Snapshots, "restore">;
  followers: Pick<Followers, "look">;
  now: () => number;
}

/** See `Jobs.retry`. */
export async function retryJob(jobId: string, caller: Caller, deps: RetryDeps): Promise<StoredJob> {
  requireFullToken(caller);
  const state = await deps.states.get(jobId, caller);
  const { recorded } = state;
  if (recorded === undefined) throw notFailed();
  const before = await toEnded(recorded, state.snapshot, deps);
  if (before.job.status !== "failed" && before.job.status !== "cancelled") throw notFailed();
  await requireParent(recorded, caller, deps);
  // Before the job itself, which may be quick: its batch is open again with all of them.
  await reviveFollowers(recorded.record, caller, deps);
  if (!(await putBack(recorded, before, deps))) throw notFailed();
  await deps.followers.look(recorded.record);
  return await toRetried(recorded, before, deps);
}

/** The outcome of a job that BullMQ has ended already, and the feed may tell of in a moment. */
async function toEnded(
  { record }: RecordedJob,
  known: JobSnapshot,
  { states, queues }: RetryDeps,
): Promise<JobSnapshot> {
  if (isFinal(known.job.status)) return known;
  const queued = await queues.find(record);
  if (queued !== undefined && !(await queued.isFailed())) return known;
  const ended = await settle(
    () => states.read(record),
    ({ job }) => isFinal(job.status),
  );
  return ended ?? known;
}

/** A job that never had its input can only wait for it again. */
async function requireParent(
  { record }: RecordedJob,
  caller: Caller,
  { queues, states, snapshots }: RetryDeps,
): Promise<void> {
  if (record.parentId === null || (await queues.find(record)) !== undefined) return;
  const parent = await states.find(record.parentId, caller);
  if (parent?.recorded === undefined) throw conflict("The job before it is gone, with its result");
  const { status } = parent.snapshot.job;
  if (status === "failed" || status === "cancelled")
    throw conflict("The job before it has not succeeded: retry that one first");
  // Whoever lets the job go looks there.
  if (isFinal(status)) await snapshots.restore(parent.recorded.record.audiences, parent.snapshot);
}

/** Those that ended because this one did, and those that follow them, wait again. */
async function reviveFollowers(
  { followers = [] }: JobRecord,
  caller: Caller,
  deps: RetryDeps,
): Promise<void> {
  for (const jobId of followers) {
    const state = await deps.states.find(jobId, caller);
    if (state?.recorded === undefined || state.snapshot.job.error?.code !== "parent_failed")
      continue;
    await reviveFollowers(state.recorded.record, caller, deps);
    await putBack(state.recorded, state.snapshot, deps);
  }
}

/** `false` when somebody else retries it at the same time. */
async function putBack(
  recorded: RecordedJob,
  before: JobSnapshot,
  { queues, records, snapshots }: RetryDeps,
): Promise<boolean> {
  const { record } = recorded;
  const job = await queues.find(record);
  if (job !== undefined && !(await job.isFailed())) return false;
  // Counted first: what was asked of the run before must not hold for the next one.
  const retries = await records.countRetry(recorded);
  if (retries === undefined) return false;
  // Nothing is told of a job whose snapshot Redis has let go of.
  await snapshots.restore(record.audiences, before);
  if (job !== undefined) return await queues.retry(record, job, retries);
  // Cancelled while it waited, so BullMQ has forgotten it and counts its attempts from nothing.
  await queues.add(record, { runBase: before.run, retries });
  const added = await queues.find(record);
  return added?.data.retries === retries;
}

/** The job as its feed tells it, or is about to. */
async function toRetried(
  { record }: RecordedJob,
  before: JobSnapshot,
  { states, now }: RetryDeps,
): Promise<StoredJob> {
  const told = await settle(
    () => states.read(record),
    ({ retries }) => retries > before.retries,
  );
  return (told ?? transition(before, record, { at: now(), event: "added" })?.snapshot ?? before)
    .job;
}

const conflict = (message: string): JobcastError => new JobcastError("conflict", message);
const notFailed = (): JobcastError =>
  new JobcastError("job_not_failed", "Only a job that failed or was cancelled can be retried");
