import type {
  ClaimAnswer,
  ClaimRequest,
  Claimed,
  CompleteReport,
  FailReport,
  HeartbeatRequest,
  ProgressReport,
} from "../contract/external.ts";
import type { Caller } from "../contract/tokens.ts";
import type { StoredJob } from "./snapshot.ts";

/**
 * Jobs that services outside work on. What they report becomes known as with any other worker: BullMQ stores state and event in one step, and
 * the recorder tells it. All fail with `forbidden` for whoever is no service, `not_found`, `conflict` for jobs of another type, and `unavailable`.
 *
 * Reports of a claimed job need its claim. One that is over (its lease ran out, the job was cancelled, somebody else has it) is refused
 * with `stale_claim`, for good; a job that has ended, with `job_finished`. What reports without a claim is trusted to be the only one that does.
 */
export interface ExternalJobs {
  /** Also fails with `conflict` while somebody else has the job, it is delayed, or its queue stands still. */
  claim(jobId: string, request: ClaimRequest, caller: Caller): Promise<ClaimAnswer>;
  heartbeat(jobId: string, request: HeartbeatRequest, caller: Caller): Promise<Claimed>;
  /** The job as it is about to be told. Never lowers what was reported of the attempt. */
  progress(jobId: string, report: ProgressReport, caller: Caller): Promise<StoredJob>;
  /** Fails with `too_large` when the result is. */
  complete(jobId: string, report: CompleteReport, caller: Caller): Promise<StoredJob>;
  /** Ends the job, or puts it back in line when `retry` asks for it and an attempt is left. */
  fail(jobId: string, report: FailReport, caller: Caller): Promise<StoredJob>;
}
