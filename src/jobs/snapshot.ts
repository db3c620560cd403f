import type { Job } from "../contract/job.ts";
import type { WorkError, WorkResult } from "../contract/worker.ts";
import type { JobRecord } from "./record.ts";

/** A job as kept: links are not signed yet, so files stand there by their keys. */
export type StoredJob = Omit<Job, "result"> & { result: WorkResult | null };

/**
 * The state of a job as its feed has told it. `run` counts the attempts started, manual retries included, and only grows. `mark` is
 * the error of the run in hand, if its worker has said that it will be repeated.
 */
export interface JobSnapshot {
  job: StoredJob;
  run: number;
  retries: number;
  mark: WorkError | null;
}

/** What a job says while it waits for its parent. */
export const WAITS_STEP = "waits for the job before it";

/** The state of an accepted job of which nothing was heard yet. */
export function toSnapshot(record: JobRecord): JobSnapshot {
  return {
    run: 0,
    retries: 0,
    mark: null,
    job: {
      jobId: record.jobId,
      type: record.type,
      userId: record.userId,
      lane: record.lane,
      status: "queued",
      progress: 0,
      step: record.parentId === null ? null : WAITS_STEP,
      partial: null,
      queuePosition: null,
      estimatedTime: null,
      attempt: 0,
      maxAttempts: record.maxAttempts,
      caseId: record.caseId,
      batchId: record.batchId,
      parentId: record.parentId,
      metadata: record.metadata,
      input: record.shown,
      result: null,
      error: null,
      createdAt: record.createdAt,
      startedAt: null,
      finishedAt: null,
      updatedAt: record.createdAt,
    },
  };
}
