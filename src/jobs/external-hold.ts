import { EXTERNAL } from "../contract/job-types/external.ts";
import type { Caller } from "../contract/tokens.ts";
import type { WorkError, WorkResult } from "../contract/worker.ts";
import { JobcastError } from "../errors.ts";
import { requireService } from "./access.ts";
import { type Claims, type Taken, UNCLAIMED } from "./external-claims.ts";
import type { QueuedJob, Queues } from "./queues.ts";
import type { RecordedJob, Records } from "./records.ts";
import type { JobSnapshot } from "./snapshot.ts";
import type { States } from "./states.ts";

export interface HoldDeps {
  states: Pick<States, "get">;
  queues: Pick<Queues, "find">;
  records: Pick<Records, "isCancelAsked">;
  claims: Claims;
}

/** An external job as it was found. */
export interface Found {
  recorded: RecordedJob;
  snapshot: JobSnapshot;
  job: QueuedJob;
}

/** A job in the caller's hands. */
export interface Held extends Found {
  token: string;
}

const CANCELLED: WorkError = { code: "cancelled", message: "Cancelled" };
const LOST: WorkError = { code: "worker_lost", message: "The worker was lost too often" };

/** Fails with `job_finished` for one that has ended. */
export async function findExternal(
  jobId: string,
  caller: Caller,
  { states, queues }: HoldDeps,
): Promise<Found> {
  requireService(caller);
  const { recorded, snapshot } = await states.get(jobId, caller);
  if (snapshot.job.type !== EXTERNAL)
    throw new JobcastError("conflict", `Only jobs of type ${EXTERNAL} are worked on over HTTP`);
  const job = recorded === undefined ? undefined : await queues.find(recorded.record);
  if (recorded === undefined || job === undefined) throw finished();
  return { recorded, snapshot, job };
}

/** Takes a waiting job; fails when it is not to be had. */
export async function take(found: Found, token: string, deps: HoldDeps): Promise<Held> {
  const taken = await deps.claims.take(found.recorded.record, token);
  if (taken !== "claimed") throw refusalOf(taken);
  return await begin(found, token, deps);
}

async function begin(found: Found, token: string, deps: HoldDeps): Promise<Held> {
  // What was found may have run since.
  const job = await deps.queues.find(found.recorded.record);
  if (job === undefined) throw finished();
  const held = { ...found, job, token };
  await endUnwanted(held, deps);
  return held;
}

/** A cancel that came before the claim, and an attempt too many, end the job here, as a worker's first look does. */
async function endUnwanted({ recorded, job, token }: Held, deps: HoldDeps): Promise<void> {
  const isLost = job.deferredFailure !== undefined;
  if (!isLost && !(await deps.records.isCancelAsked(recorded))) return;
  await deps.claims.fail(job, token, isLost ? LOST : CANCELLED);
  throw finished();
}

/** The job under the claim of a report; without one, a job that nobody has claimed, which it takes in hand. */
export async function hold(
  jobId: string,
  claim: string | undefined,
  caller: Caller,
  deps: HoldDeps,
): Promise<Held> {
  const found = await findExternal(jobId, caller, deps);
  const token = claim ?? UNCLAIMED;
  if (isOver(found.job)) throw ended(found.job, claim);
  if (await deps.claims.extend(found.job, token)) return { ...found, token };
  if (claim !== undefined) throw await lost(found, claim, deps);
  const taken = await deps.claims.take(found.recorded.record, token);
  if (taken === "taken") throw claimRequired();
  if (taken !== "claimed") throw refusalOf(taken);
  return await begin(found, token, deps);
}

/** What to answer when a move was refused; `undefined` when the holder itself carried it out, and the answer was lost. */
export async function explainRefusal(
  { recorded, token }: Held,
  { queues }: HoldDeps,
): Promise<JobcastError | undefined> {
  const job = await queues.find(recorded.record);
  return job !== undefined && isOver(job) && job.processedBy === token ? undefined : stale();
}

/** The same for a result, by which its report is told from another under the same claim. */
export async function explainNotCompleted(
  held: Held,
  result: WorkResult,
  { queues }: HoldDeps,
): Promise<JobcastError | undefined> {
  const job = await queues.find(held.recorded.record);
  if (job === undefined || !isOver(job)) return stale();
  const isOwn = JSON.stringify(job.returnvalue) === JSON.stringify(result);
  return isOwn ? undefined : ended(job, held.token);
}

async function lost(
  { recorded }: Found,
  claim: string,
  { queues }: HoldDeps,
): Promise<JobcastError> {
  const job = await queues.find(recorded.record);
  return job === undefined || !isOver(job) ? stale() : ended(job, claim);
}

/** To the holder of the last claim the job has finished; an earlier one was lost before. */
const ended = (job: QueuedJob, claim: string | undefined): JobcastError =>
  claim === undefined || claim === job.processedBy ? finished() : stale();

export const isOver = ({ finishedOn }: QueuedJob): boolean => finishedOn !== undefined;

const REFUSALS: Record<Exclude<Taken, "claimed" | "over">, string> = {
  taken: "Somebody else has the job in hand",
  delayed: "The job is delayed, and not due yet",
  paused: "The queue of the job is paused",
};

const refusalOf = (taken: Exclude<Taken, "claimed">): JobcastError =>
  taken === "over" ? finished() : new JobcastError("conflict", REFUSALS[taken]);

const finished = (): JobcastError =>
  new JobcastError("job_finished", "The job has finished already");
const stale = (): JobcastError =>
  new JobcastError("stale_claim", "The claim is over: the job is no longer yours to report on");
const claimRequired = (): JobcastError =>
  new JobcastError("stale_claim", "The job is claimed: only its claim may report on it");
