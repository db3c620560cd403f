import type { Cursor } from "../contract/cursor.ts";
import type { JobCounts, ListJobsQuery } from "../contract/http.ts";
import type { JobRequest } from "../contract/job.ts";
import type { Caller } from "../contract/tokens.ts";
import type { FileRef } from "../contract/worker.ts";
import type { BulkJobs } from "./bulk.ts";
import type { ExternalJobs } from "./external.ts";
import type { StoredJob } from "./snapshot.ts";

export interface Submission {
  request: JobRequest;
  caller: Caller;
  /** The file of a multipart request, stored already. */
  file?: FileRef;
  /** An `Idempotency-Key`, with a hash of all that the request says, its file included. */
  idempotency?: { key: string; bodyHash: string };
  /** Of a job that is part of a batch. */
  place?: { batchId: string; parentId: string | null };
}

export interface Submitted {
  job: StoredJob;
  /** The answer of an earlier call with the same key. */
  isReplay: boolean;
}

/** An answer with its place in the feed of the jobs' owner. */
export interface Placed {
  /**
   * The answer is not older: it shows all that was told up to there, and perhaps more, so that whoever follows the feed from there misses nothing. This
   * holds as long as the history is less than a minute behind. `undefined` when the feed was never begun, when Redis cannot say, and for tokens
   * of one job.
   */
  feedCursor: Cursor | undefined;
}

/**
 * The jobs of an installation, as callers may see and change them. What is not the caller's to see is `undefined` or `not_found`; reads
 * lay what feeds have told over the history and work without Postgres for open and recent jobs.
 */
export interface Jobs {
  /**
   * Accepts a job: once this resolves it will run, whatever dies. Fails with `invalid`, `invalid_options`, `forbidden`, `quota_exceeded`,
   * `idempotency_mismatch`, `idempotency_in_progress`, `unavailable`; then nothing was made.
   */
  submit(submission: Submission): Promise<Submitted>;
  find(jobId: string, caller: Caller): Promise<(Placed & { job: StoredJob }) | undefined>;
  /**
   * Newest first. No cursor is named for everyone's jobs, nor for some kinds of an owner's open jobs (by type, say) when there are more of those than
   * were looked at: at least 100.
   */
  list(
    query: ListJobsQuery,
    caller: Caller,
  ): Promise<Placed & { items: StoredJob[]; nextCursor: string | null }>;
  counts(caller: Caller): Promise<Placed & { counts: JobCounts }>;
  /** `isDone` when it is cancelled already, else a worker was told to stop. Fails with `job_finished`, `not_found`. */
  cancel(jobId: string, caller: Caller): Promise<{ job: StoredJob; isDone: boolean }>;
  /** Those that ended because it did wait again. Fails with `job_not_failed`, `not_found`, `conflict` while the job before it has not succeeded, `unavailable`. */
  retry(jobId: string, caller: Caller): Promise<StoredJob>;
  /** A finished one, with its files. Fails with `conflict` while it is open. */
  remove(jobId: string, caller: Caller): Promise<void>;
  external: ExternalJobs;
  bulk: BulkJobs;
}
