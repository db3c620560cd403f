import { type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import { Compile } from "typebox/compile";
import Value from "typebox/value";
import type { Lane } from "../src/contract/job.ts";
import { queueName } from "../src/contract/names.ts";
import { WorkData, type WorkError, type WorkResult } from "../src/contract/worker.ts";
import { LOCK_MS, MAX_STALLS, STALLED_INTERVAL_MS } from "../src/jobs/stalls.ts";
import { atMost } from "../src/lib/at-most.ts";
import type { Logger } from "../src/lib/logger.ts";
import type { Keys } from "../src/redis/keys.ts";
import type { Store } from "../src/storage/store.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import { type AttemptOutcome, runAttempt } from "./attempt.ts";
import type { Cancellations } from "./cancellations.ts";
import type { ChildPool } from "./child-pool.ts";
import type { Task } from "./define-worker.ts";
import { holdLock } from "./lock.ts";
import type { ChildSettings } from "./messages.ts";
import { BROKEN, isPassing, refuse } from "./outcome.ts";
import { createProgress } from "./progress.ts";
import type { StartLimit } from "./start-limit.ts";

export interface LaneWorkerOptions {
  task: Task;
  /** Address of the module that exports the task. */
  module: string;
  lane: Lane;
  concurrency: number;
  redis: RedisClient;
  keys: Keys;
  store: Pick<Store, "remove" | "withPath" | "adopt" | "draftFolder">;
  pool: ChildPool;
  /** Folder for the temporary files of attempts. */
  scratch: string;
  cancellations: Cancellations;
  settings: ChildSettings;
  /** `undefined`: as many as there are hands. */
  limit?: StartLimit | undefined;
  log: Logger;
}

/**
 * Takes jobs of one type and lane. It tells nobody how they went: BullMQ stores outcome and event in one step, and the recorder reads that.
 */
export interface LaneWorker {
  readonly queue: string;
  /** Jobs that it takes at once; none once it closes. */
  readonly concurrency: number;
  /** Jobs that it has in hand. */
  readonly active: number;
  /**
   * Takes no more. Jobs in hand go on for `graceMs`, then back in line, which costs them no attempt. What cannot be put back within five
   * seconds more, since Redis is away, is found by the others when its lock expires.
   */
  close(graceMs: number): Promise<void>;
}

const LEAVE_MS = 5000;
const LEAVING = "leaving";
const LOST = "lost";
/** A service that is still busy a day after the job could first run will not be there in a minute either. */
const MAX_BUSY_MS = 86_400_000;
const MIN_REST_MS = 1000;
const MAX_REST_MS = 3_600_000;
const BUSY: WorkError = {
  code: "engine_unavailable",
  message: "The service that the job needs has been busy for too long",
};
const MALFORMED: WorkError = { code: "internal", message: "The job is malformed" };

const isWorkData = Compile(WorkData);

export function createLaneWorker(options: LaneWorkerOptions): LaneWorker {
  const { task, lane, concurrency, redis, keys, limit, log } = options;
  const queue = queueName(task.type, lane);
  const leaving = new AbortController();
  let active = 0;
  let isClosing = false;

  async function take(job: Job<unknown, WorkResult>, token: string): Promise<WorkResult> {
    active += 1;
    try {
      const resting = { ...options, rest: (ms: number) => rest(worker, ms) };
      return await underLock(resting, job, token, leaving.signal);
    } finally {
      active -= 1;
    }
  }

  const worker: Worker<unknown, WorkResult> = new Worker<unknown, WorkResult>(
    queue,
    async (job, token = "") => {
      const restMs = (await limit?.take()) ?? 0;
      if (restMs > 0) await rest(worker, restMs);
      return await take(job, token);
    },
    {
      connection: redis,
      prefix: keys.bull(queue),
      concurrency,
      // By it, BullMQ also knows that the queue may have to rest.
      ...(limit === undefined ? {} : { limiter: { max: limit.perMinute, duration: 60_000 } }),
      lockDuration: LOCK_MS,
      skipLockRenewal: true,
      stalledInterval: STALLED_INTERVAL_MS,
      maxStalledCount: MAX_STALLS,
      // Seconds. A job that was put back in line wakes nobody up: it is found by looking.
      drainDelay: 1,
      // People wait when Redis is back.
      runRetryDelay: 1000,
    },
  );
  // Unheard, errors bypass our log: BullMQ prints them with console.error.
  worker.on("error", (err) => log.warn({ err, queue }, "worker"));

  return {
    queue,
    get concurrency() {
      return isClosing ? 0 : concurrency;
    },
    get active() {
      return active;
    },
    async close(graceMs) {
      isClosing = true;
      const closing = worker.close();
      await atMost(graceMs, closing);
      leaving.abort(LEAVING);
      await atMost(LEAVE_MS, closing);
    },
  };
}

/** Puts the job in hand back in line, which costs it no attempt; nobody takes one of this queue for so long. */
async function rest(worker: Worker<unknown, WorkResult>, ms: number): Promise<never> {
  await worker.rateLimit(ms);
  throw Worker.RateLimitError();
}

interface Runner extends LaneWorkerOptions {
  rest: (ms: number) => Promise<never>;
}

async function underLock(
  options: Runner,
  job: Job<unknown, WorkResult>,
  token: string,
  leaving: AbortSignal,
): Promise<WorkResult> {
  const lost = new AbortController();
  const letGo = holdLock(job, token, () => {
    options.log.warn({ jobId: job.id }, "the lock was lost: somebody else has the job now");
    lost.abort(LOST);
  });
  try {
    return await work(options, job, { token, stop: AbortSignal.any([leaving, lost.signal]) });
  } finally {
    letGo();
  }
}

interface Hold {
  token: string;
  /** The process leaves, or the lock was lost. */
  stop: AbortSignal;
}

async function work(
  options: Runner,
  job: Job<unknown, WorkResult>,
  { token, stop }: Hold,
): Promise<WorkResult> {
  const { data, id: jobId = "" } = job;
  if (!isWorkData.Check(data) || !Value.Check(options.task.options, data.options))
    throw toFinal(MALFORMED, 0);
  const run = data.runBase + job.attemptsStarted;
  const folder = `jobs/${jobId}/${run}/`;
  const progress = createProgress(job, run, options.log);
  const outcome = await attempt(options, { data, jobId, run, stop, onProgress: progress.report });
  await progress.flush();
  const refusal = outcome.kind === "done" ? refuse(outcome.result, folder) : undefined;
  if (outcome.kind === "done" && refusal === undefined) return outcome.result;

  await removeFiles(options, folder);
  if (stop.reason === LEAVING) await job.moveToWait(token);
  // Back in line, or somebody else's since its lock was lost: no longer ours to end.
  if (stop.aborted) throw new WaitingError();
  if (outcome.kind === "busy" && Date.now() - readyAt(job, data) < MAX_BUSY_MS) {
    const restMs = toRestMs(outcome.afterMs);
    await options.limit?.rest(restMs);
    await options.rest(restMs);
  }
  const error = errorOf(outcome, refusal);
  const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  if (refusal !== undefined || isLast || !isPassing(error)) throw toFinal(error, run);
  await progress.mark(error);
  throw new Error(error.message);
}

/** Whole milliseconds, and a second at least: RedisClient refuses a fraction and a 0, which would cost the job an attempt, and the limit takes a 0 for "until further notice". */
const toRestMs = (afterMs: number): number =>
  Math.ceil(Math.min(Math.max(afterMs, MIN_REST_MS), MAX_REST_MS));

/** From when on the job may run: while it waits for another job, or was put off, no service keeps it. */
const readyAt = ({ timestamp, opts }: Job, data: WorkData): number =>
  data.readyAt ?? timestamp + (opts.delay ?? 0);

function errorOf(outcome: AttemptOutcome, refusal: WorkError | undefined): WorkError {
  if (outcome.kind === "failed") return outcome.error;
  return outcome.kind === "busy" ? BUSY : (refusal ?? BROKEN);
}

interface AttemptRequest {
  data: WorkData;
  jobId: string;
  run: number;
  stop: AbortSignal;
  onProgress: (percent: number, step: string, text: string | undefined) => void;
}

async function attempt(
  options: LaneWorkerOptions,
  { data, jobId, run, stop, onProgress }: AttemptRequest,
): Promise<AttemptOutcome> {
  const { task, module, pool, store, scratch, cancellations, settings, log } = options;
  const cancelled = new AbortController();
  // Watched before it is looked for: a request in between is seen by one of the two.
  const unwatch = cancellations.watch(jobId, data.retries, () => cancelled.abort());
  try {
    if (await cancellations.isCancelled(jobId, data.retries)) cancelled.abort();
    // Of a run whose worker was killed.
    if (run > 1) await removeFiles(options, `jobs/${jobId}/${run - 1}/`);
    return await runAttempt({
      pool,
      store,
      scratch,
      assignment: { module, jobId, run, input: data.input, options: data.options, settings },
      timeoutMs: task.timeoutMs,
      maxMemoryBytes: task.maxMemoryBytes,
      signal: AbortSignal.any([cancelled.signal, stop]),
      onProgress,
      log,
    });
  } catch (err) {
    log.error({ err, jobId, run }, "an attempt could not be made");
    return { kind: "failed", error: BROKEN };
  } finally {
    unwatch();
  }
}

/** Files that nobody refers to go with the job at the latest. */
async function removeFiles({ store, log }: LaneWorkerOptions, folder: string): Promise<void> {
  await store
    .remove(folder)
    .catch((err: unknown) => log.warn({ err, folder }, "files of a lost run stay behind"));
}

const toFinal = (error: WorkError, run: number) =>
  new UnrecoverableError(JSON.stringify({ ...error, run }));
