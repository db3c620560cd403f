import { type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { Compile } from "typebox/compile";
import { JOB_ERROR_CODES, type JobErrorCode } from "../src/contract/errors.ts";
import type { Lane } from "../src/contract/job.ts";
import { queueName } from "../src/contract/names.ts";
import { WorkData, type WorkError, type WorkResult } from "../src/contract/worker.ts";
import { LOCK_MS, MAX_STALLS, STALLED_INTERVAL_MS } from "../src/jobs/stalls.ts";
import type { Logger } from "../src/lib/logger.ts";
import type { Keys } from "../src/redis/keys.ts";
import type { Store } from "../src/storage/store.ts";
import { runAttempt } from "./attempt.ts";
import type { Cancellations } from "./cancellations.ts";
import type { ChildPool } from "./child-pool.ts";
import type { Task } from "./define-worker.ts";
import type { ChildSettings } from "./messages.ts";
import { createProgress } from "./progress.ts";

export interface LaneWorkerOptions {
  task: Task;
  /** Address of the module that exports the task. */
  module: string;
  lane: Lane;
  concurrency: number;
  redis: Redis;
  keys: Keys;
  store: Pick<Store, "remove">;
  pool: ChildPool;
  cancellations: Cancellations;
  settings: ChildSettings;
  log: Logger;
}

/**
 * Takes jobs of one type and lane. It tells nobody how they went: BullMQ stores outcome and event in one step, and the recorder reads that.
 */
export interface LaneWorker {
  /** Takes no more. Jobs in hand go on for `graceMs`, then back in line, which costs them no attempt. */
  close(graceMs: number): Promise<void>;
}

/** A fact has 64 KiB, and the job around the result needs some of it. */
const MAX_RESULT_BYTES = 60_000;
const LEAVING = "leaving";

const isWorkData = Compile(WorkData);

export function createLaneWorker(options: LaneWorkerOptions): LaneWorker {
  const { task, lane, concurrency, redis, keys, log } = options;
  const queue = queueName(task.type, lane);
  const leaving = new AbortController();
  const worker = new Worker<unknown, WorkResult>(
    queue,
    // BullMQ reads the arity: a function with fewer than three parameters gets no signal.
    (job, token, signal) =>
      work(options, job, {
        token,
        stop: AbortSignal.any([leaving.signal, ...(signal ? [signal] : [])]),
      }),
    {
      connection: redis,
      prefix: keys.bull(queue),
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: MAX_STALLS,
    },
  );
  // Unheard, errors bypass our log: BullMQ prints them with console.error.
  worker.on("error", (err) => log.warn({ err, queue }, "worker"));
  // Somebody else runs them now.
  worker.on("lockRenewalFailed", (jobIds) =>
    jobIds.forEach((jobId) => worker.cancelJob(jobId, "lock lost")),
  );

  return {
    async close(graceMs) {
      const grace = setTimeout(() => leaving.abort(LEAVING), graceMs);
      await worker.close();
      clearTimeout(grace);
    },
  };
}

interface Hold {
  token: string | undefined;
  /** The process leaves, or the lock was lost. */
  stop: AbortSignal;
}

async function work(
  options: LaneWorkerOptions,
  job: Job<unknown, WorkResult>,
  { token, stop }: Hold,
): Promise<WorkResult> {
  const { data, id: jobId = "" } = job;
  if (!isWorkData.Check(data))
    throw toFinal({ code: "internal", message: "The job is malformed" }, 0);
  const run = data.runBase + job.attemptsStarted;
  const progress = createProgress(job, run, options.log);
  const outcome = await attempt(options, { data, jobId, run, stop, onProgress: progress.report });
  await progress.flush();
  if (
    outcome.kind === "done" &&
    Buffer.byteLength(JSON.stringify(outcome.result)) <= MAX_RESULT_BYTES
  )
    return outcome.result;

  await options.store.remove(`jobs/${jobId}/${run}/`);
  if (stop.reason === LEAVING) {
    await job.moveToWait(token);
    throw new WaitingError();
  }
  const error =
    outcome.kind === "failed"
      ? outcome.error
      : { code: "internal", message: "The result is too large" };
  if (stop.aborted || !isRepeated(error, job)) throw toFinal(error, run);
  await progress.mark(error);
  throw new Error(error.message);
}

interface AttemptRequest {
  data: WorkData;
  jobId: string;
  run: number;
  stop: AbortSignal;
  onProgress: (percent: number, step: string) => void;
}

async function attempt(
  options: LaneWorkerOptions,
  { data, jobId, run, stop, onProgress }: AttemptRequest,
) {
  const { task, module, pool, cancellations, settings } = options;
  const cancelled = new AbortController();
  // Watched before it is looked for: a request in between is seen by one of the two.
  const unwatch = cancellations.watch(jobId, data.retries, () => cancelled.abort());
  try {
    if (await cancellations.isCancelled(jobId, data.retries)) cancelled.abort();
    return await runAttempt({
      pool,
      assignment: { module, jobId, run, input: data.input, options: data.options, settings },
      timeoutMs: task.timeoutMs,
      maxMemoryBytes: task.maxMemoryBytes,
      signal: AbortSignal.any([cancelled.signal, stop]),
      onProgress,
    });
  } finally {
    unwatch();
  }
}

function isRepeated({ code }: WorkError, job: Job): boolean {
  const isPassing = JOB_ERROR_CODES[code as JobErrorCode]?.retryable ?? false;
  return isPassing && job.attemptsMade + 1 < (job.opts.attempts ?? 1);
}

const toFinal = (error: WorkError, run: number) =>
  new UnrecoverableError(JSON.stringify({ ...error, run }));
