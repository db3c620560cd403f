import { isFinal } from "../contract/job.ts";
import type { Caller } from "../contract/tokens.ts";
import { JobcastError } from "../errors.ts";
import { requireFullToken } from "./access.ts";
import type { Followers } from "./followers.ts";
import type { Kept } from "./kept.ts";
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
  followers: Followers;
  kept: Kept;
  now: () => number;
}

/** A job that failed or was cancelled, and the jobs that ended because of that. */
interface EndedJob {
  recorded: RecordedJob;
  before: JobSnapshot;
  skipped: EndedJob[];
}

/** See `Jobs.retry`. */
export async function retryJob(jobId: string, caller: Caller, deps: RetryDeps): Promise<StoredJob> {
  requireFullToken(caller);
  const areKept = deps.kept.begin();
  const state = await deps.states.get(jobId, caller);
  const { recorded } = state;
  if (recorded === undefined) throw notFailed();
  const before = await toEnded(recorded, state.snapshot, deps);
  if (before.job.status !== "failed" && before.job.status !== "cancelled") throw notFailed();
  await requireParent(recorded, caller, deps);
  const skipped = await findSkipped(recorded.record, caller, deps);
  const ended = { recorded, before, skipped };
  if (!(await putBack(ended, deps))) throw notFailed();
  await deps.followers.look(recorded.record);
  const [retried] = await Promise.all([
    toRetried(recorded, before, deps),
    areKept(recordsOf(ended)),
  ]);
  return retried;
}

const recordsOf = ({ recorded, skipped }: EndedJob): JobRecord[] => [
  recorded.record,
  ...skipped.flatMap(recordsOf),
];

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
  if (ended === undefined) throw notToldYet();
  return ended;
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

/** The jobs that ended because this one did. Those that still wait end here: later, the recorder might end them while the retry goes on. */
async function findSkipped(
  record: JobRecord,
  caller: Caller,
  deps: RetryDeps,
): Promise<EndedJob[]> {
  await deps.followers.settle(record);
  const skipped: EndedJob[] = [];
  for (const jobId of record.followers ?? []) {
    const state = await deps.states.find(jobId, caller);
    if (state?.recorded === undefined) continue;
    const { recorded } = state;
    const before = await toEnded(recorded, state.snapshot, deps);
    if (before.job.error?.code !== "parent_failed") continue;
    skipped.push({ recorded, before, skipped: await findSkipped(recorded.record, caller, deps) });
  }
  return skipped;
}

/** Puts a job in line again, and has those wait for it that ended because of it; `false` when somebody else retries it at the same time. */
async function putBack({ recorded, before, skipped }: EndedJob, deps: RetryDeps): Promise<boolean> {
  const { queues, records, snapshots } = deps;
  const { record } = recorded;
  const job = await queues.find(record);
  if (job !== undefined && !(await job.isFailed())) return false;
  // Counted first: from here on its outcome ends nobody, and what was asked of the run before does not hold for the next one.
  const retries = await records.countRetry(recorded);
  if (retries === undefined) return false;
  // Nothing is told of a job whose snapshot Redis has let go of.
  await snapshots.restore(record.audiences, before);
  // Before the job itself, which may be quick: its batch is open again with all of them.
  for (const one of skipped) await putBack(one, deps);
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
const notToldYet = (): JobcastError =>
  new JobcastError("unavailable", "How the job ended is not known yet", { retryAfterSeconds: 1 });
