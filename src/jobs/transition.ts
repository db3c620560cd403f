import { Compile } from "typebox/compile";
import { JOB_ERROR_CODES, type JobErrorCode } from "../contract/errors.ts";
import { isFinal, type JobError, type JobStatus } from "../contract/job.ts";
import { JOB_GAUGE, type JobFact } from "../contract/socket.ts";
import { type WorkError, WorkFailure, WorkProgress, WorkResult } from "../contract/worker.ts";
import type { JobRecord } from "./record.ts";
import { type JobSnapshot, toSnapshot } from "./snapshot.ts";
import { isUntilLetGo } from "./waiting.ts";

/** An entry of BullMQ's event stream. `at` is the time in its id, ms since 1970. */
export interface QueueEvent {
  at: number;
  event: string;
  prev?: string | undefined;
  data?: string | undefined;
  returnvalue?: string | undefined;
  failedReason?: string | undefined;
  /** Of `delayed`: until when, ms since 1970. */
  delay?: string | undefined;
}

/** What an event made of a job, and what is told of it: a fact, the gauge, or nothing. */
export interface Transition {
  snapshot: JobSnapshot;
  tell: JobFact | typeof JOB_GAUGE | undefined;
}

const isWorkProgress = Compile(WorkProgress);
const isWorkFailure = Compile(WorkFailure);
const isWorkResult = Compile(WorkResult);

/**
 * The next state of a job, or `undefined` when the event changes nothing.
 *
 * Pure and total: the recorder and the history read the same stream and come to the same state, and an event read twice, out of
 * a zombie's run or after an outcome is refused here.
 */
export function transition(
  before: JobSnapshot | undefined,
  record: JobRecord,
  event: QueueEvent,
): Transition | undefined {
  if (before === undefined)
    return event.event === "added" ? queued(toSnapshot(record), event) : undefined;
  switch (event.event) {
    case "added":
      return isFinal(before.job.status) ? requeued(before, record, event) : undefined;
    case "waiting":
      return returned(before, record, event);
    case "delayed":
      return delayed(before, event);
    case "active":
      return isFinal(before.job.status) ? undefined : started(before, event);
    case "progress":
      return before.job.status === "processing" ? progressed(before, event) : undefined;
    case "stalled":
      return isFinal(before.job.status) ? undefined : lost(before, event);
    case "completed":
      return isFinal(before.job.status) ? undefined : completed(before, event);
    case "failed":
      return isFinal(before.job.status) ? undefined : failed(before, event);
    case "removed":
      return isFinal(before.job.status)
        ? undefined
        : ended(
            before,
            event,
            "cancelled",
            toJobError({ code: "cancelled", message: "Cancelled" }),
          );
    default:
      return undefined;
  }
}

const iso = (at: number): string => new Date(at).toISOString();

function queued(snapshot: JobSnapshot, event: QueueEvent): Transition {
  return { snapshot: change(snapshot, event, {}), tell: "job-queued" };
}

/** A manual retry opens the next run: attempts go on counting, and as many are granted as at first. */
function requeued(before: JobSnapshot, record: JobRecord, event: QueueEvent): Transition {
  const fresh = toSnapshot(record).job;
  // Back in BullMQ's hands it waits for nobody; added anew, it may.
  const step = event.event === "added" ? fresh.step : null;
  const job = { ...fresh, step, attempt: before.run, maxAttempts: before.run + record.maxAttempts };
  const snapshot = { run: before.run, retries: before.retries + 1, mark: null, job };
  return { snapshot: change(snapshot, event, {}), tell: "job-queued" };
}

function returned(
  before: JobSnapshot,
  record: JobRecord,
  event: QueueEvent,
): Transition | undefined {
  if (event.prev === "failed" && isFinal(before.job.status)) return requeued(before, record, event);
  if (event.prev === "active" && before.job.status === "processing")
    return backInLine(before, event);
  return event.prev === "delayed" ? letGo(before, event) : undefined;
}

/** A job that is added to wait for the one before it is delayed for good, and says so already. */
function delayed(before: JobSnapshot, event: QueueEvent): Transition | undefined {
  if (before.job.status === "processing") return backInLine(before, event);
  return isUntilLetGo(Number(event.delay)) ? undefined : letGo(before, event);
}

/** The job before it has succeeded. In line, a job has a step for as long as it waits for that. */
function letGo(before: JobSnapshot, event: QueueEvent): Transition | undefined {
  const { status, parentId, step } = before.job;
  if (status !== "queued" || parentId === null || step === null) return undefined;
  return { snapshot: change(before, event, { step: null }), tell: JOB_GAUGE };
}

/** Announced as a retry only when the worker left its mark; a stall, a rate limit or a draining worker leaves none. */
function backInLine(before: JobSnapshot, event: QueueEvent): Transition {
  const error = before.mark === null ? null : toJobError(before.mark);
  const snapshot = change({ ...before, mark: null }, event, {
    status: "queued",
    step: null,
    error,
  });
  return { snapshot, tell: error === null ? JOB_GAUGE : "job-retrying" };
}

function lost(before: JobSnapshot, event: QueueEvent): Transition {
  const error = toJobError({
    code: "worker_lost",
    message: "The worker stopped answering; the job runs again",
  });
  return {
    snapshot: change({ ...before, mark: null }, event, { status: "queued", step: null, error }),
    tell: "job-retrying",
  };
}

function started(before: JobSnapshot, event: QueueEvent): Transition {
  const run = before.run + 1;
  const snapshot = change({ ...before, run, mark: null }, event, {
    status: "processing",
    progress: 0,
    step: null,
    partial: null,
    attempt: run,
    error: null,
    startedAt: iso(event.at),
  });
  return { snapshot, tell: "job-started" };
}

function progressed(before: JobSnapshot, event: QueueEvent): Transition | undefined {
  const progress = readProgress(event.data, before.run);
  if (progress === undefined || progress.run !== before.run) return undefined;
  if (progress.error !== undefined)
    return { snapshot: { ...before, mark: progress.error }, tell: undefined };
  const snapshot = change(before, event, {
    progress: Math.max(before.job.progress, progress.percent),
    step: progress.step,
    partial: progress.partial ?? before.job.partial,
  });
  return { snapshot, tell: JOB_GAUGE };
}

function completed(before: JobSnapshot, event: QueueEvent): Transition {
  const result = toResult(event.returnvalue);
  const snapshot = change({ ...before, mark: null }, event, {
    status: "completed",
    progress: 100,
    step: null,
    partial: null,
    error: null,
    result,
    finishedAt: iso(event.at),
  });
  return { snapshot, tell: "job-completed" };
}

function failed(before: JobSnapshot, event: QueueEvent): Transition {
  const error = toJobError(readFailure(event.failedReason));
  const isCancelled = error.code === "cancelled" || error.code === "parent_failed";
  return ended(before, event, isCancelled ? "cancelled" : "failed", error);
}

function ended(
  before: JobSnapshot,
  event: QueueEvent,
  status: "failed" | "cancelled",
  error: JobError,
): Transition {
  const snapshot = change({ ...before, mark: null }, event, {
    status,
    step: null,
    partial: null,
    error,
    finishedAt: iso(event.at),
  });
  return { snapshot, tell: status === "failed" ? "job-failed" : "job-cancelled" };
}

type Changed = Partial<JobSnapshot["job"]> & { status?: JobStatus };

const change = (before: JobSnapshot, event: QueueEvent, changed: Changed): JobSnapshot => ({
  ...before,
  job: { ...before.job, ...changed, updatedAt: iso(event.at) },
});

function readProgress(data: string | undefined, run: number): WorkProgress | undefined {
  const value = parse(data);
  if (isWorkProgress.Check(value)) return value;
  if (typeof value !== "number" || !(value >= 0 && value <= 100)) return undefined;
  return { run, percent: value, step: null };
}

/** BullMQ's own words for a job that lost its worker too often. */
const STALLED = "job stalled more than allowable limit";

export function readFailure(reason: string | undefined): WorkError {
  if (reason === STALLED) return { code: "worker_lost", message: "The worker was lost too often" };
  const value = parse(reason);
  if (isWorkFailure.Check(value)) return value;
  return { code: "internal", message: "Something went wrong in the worker" };
}

function toResult(returnvalue: string | undefined): WorkResult {
  const value = parse(returnvalue);
  return isWorkResult.Check(value) ? value : {};
}

function toJobError({ code, message }: WorkError): JobError {
  if (!isJobErrorCode(code)) return { code: "internal", message, retryable: true };
  return { code, message, retryable: JOB_ERROR_CODES[code].retryable };
}

const isJobErrorCode = (code: string): code is JobErrorCode => Object.hasOwn(JOB_ERROR_CODES, code);

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
