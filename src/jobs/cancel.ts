import { isFinal } from "../contract/job.ts";
import { EXTERNAL } from "../contract/job-types/external.ts";
import type { Caller } from "../contract/tokens.ts";
import { JobcastError } from "../errors.ts";
import { requireFullToken } from "./access.ts";
import { cancelClaimed } from "./external-cancel.ts";
import type { Claims } from "./external-claims.ts";
import type { QueuedJob, Queues } from "./queues.ts";
import type { JobRecord } from "./record.ts";
import type { Records } from "./records.ts";
import { settle } from "./settle.ts";
import type { JobSnapshot, StoredJob } from "./snapshot.ts";
import type { States } from "./states.ts";
import { readFailure, transition } from "./transition.ts";

export interface CancelDeps {
  states: States;
  queues: Pick<Queues, "find" | "remove">;
  records: Pick<Records, "askCancel">;
  claims: Pick<Claims, "seize" | "fail">;
  now: () => number;
}

interface Cancelled {
  job: StoredJob;
  isDone: boolean;
}

/** See `Jobs.cancel`. */
export async function cancelJob(
  jobId: string,
  caller: Caller,
  deps: CancelDeps,
): Promise<Cancelled> {
  requireFullToken(caller);
  const { recorded, snapshot } = await deps.states.get(jobId, caller);
  if (snapshot.job.status === "cancelled") return { job: snapshot.job, isDone: true };
  if (isFinal(snapshot.job.status) || recorded === undefined) throw finished();
  const { record } = recorded;
  const ended = () => toCancelled(record, snapshot, deps);

  // Asked for first: a worker that takes the job before it is removed finds the request and stops at once.
  await deps.records.askCancel(jobId);
  const job = await deps.queues.find(record);
  // Somebody else removed it a moment ago.
  if (job === undefined) return { job: await ended(), isDone: true };
  const state = await job.getState();
  if (state === "completed") throw finished();
  if (state === "failed") return await ofFailed(job, ended);
  if (state !== "active" && (await deps.queues.remove(job)))
    return { job: await ended(), isDone: true };
  if (record.type !== EXTERNAL) return { job: snapshot.job, isDone: false };
  if (await cancelClaimed(record, job, deps.claims)) return { job: await ended(), isDone: true };
  // Its holder ended it, or lost it, a moment ago.
  return await cancelJob(jobId, caller, deps);
}

/** A worker that was told to stop may have done so before we looked. */
async function ofFailed(job: QueuedJob, ended: () => Promise<StoredJob>): Promise<Cancelled> {
  if (readFailure(job.failedReason).code !== "cancelled") throw finished();
  return { job: await ended(), isDone: true };
}

/** The job as its feed tells it, or is about to. */
async function toCancelled(
  record: JobRecord,
  before: JobSnapshot,
  { states, now }: CancelDeps,
): Promise<StoredJob> {
  const told = await settle(
    () => states.read(record),
    ({ job }) => isFinal(job.status),
  );
  return (told ?? transition(before, record, { at: now(), event: "removed" })?.snapshot ?? before)
    .job;
}

const finished = (): JobcastError =>
  new JobcastError("job_finished", "The job has finished already");
