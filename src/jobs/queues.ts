import { type Job, type JobsOptions, Queue } from "bullmq";
import { queueName } from "../contract/names.ts";
import type { WorkData } from "../contract/worker.ts";
import type { Logger } from "../lib/logger.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { patiently } from "./patience.ts";
import { type JobRecord, ownerAudience } from "./record.ts";
import { createRounds, NO_ROUND } from "./rounds.ts";
import { untilLetGo } from "./waiting.ts";

/**
 * Entries kept in a queue's event stream. Recorder and history read it from a place of their own; with BullMQ's 10,000 a burst of progress
 * would be cut off before them. It is a setting of the queue, so every `new Queue` has to name it.
 */
export const MAX_QUEUE_EVENTS = 1_000_000;

type Lineup = Pick<JobRecord, "type" | "lane">;
export type QueuedJob = Job<WorkData>;

/** BullMQ's side of jobs. Each call waits 3 s for Redis at most, then fails with `unavailable`. */
export interface Queues {
  /** Once for a job id, and in one round, however often it is called; `runBase` and `retries` are those of the job's `WorkData`. */
  add(record: JobRecord, count: Pick<WorkData, "runBase" | "retries">): Promise<void>;
  /** New jobs, of each queue all or none; those that wait for others are held back. As often as it is called, once for a job id. */
  addAll(records: JobRecord[]): Promise<void>;
  /** The job as BullMQ has it, `undefined` once it was removed. */
  find(record: Lineup & Pick<JobRecord, "jobId">): Promise<QueuedJob | undefined>;
  /** `false` when a worker has it in hand. */
  remove(job: QueuedJob): Promise<boolean>;
  /** Puts a failed job in line again, in a new round; `false` when it is not among the failed any more. */
  retry(record: JobRecord, job: QueuedJob, retries: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface QueuesOptions {
  /** A strict one (`openStrictRedis`): a job that was refused must not be added when the link is back. Stays open. */
  redis: RedisClient;
  keys: Keys;
  retentionDays: number;
  log: Logger;
}

/** Opens queues when they are first asked for. */
export function openQueues({ redis, keys, retentionDays, log }: QueuesOptions): Queues {
  const opened = new Map<string, Queue<WorkData>>();
  const rounds = createRounds({ redis, keys });

  function open(name: string): Queue<WorkData> {
    const queue = new Queue<WorkData>(name, {
      connection: redis,
      prefix: keys.bull(name),
      streams: { events: { maxLen: MAX_QUEUE_EVENTS } },
    });
    queue.on("error", (err) => log.debug({ err, queue: name }, "queue"));
    opened.set(name, queue);
    return queue;
  }

  async function get({ type, lane }: Lineup, over: AbortSignal): Promise<Queue<WorkData>> {
    const name = queueName(type, lane);
    const queue = opened.get(name) ?? open(name);
    try {
      await queue.waitUntilReady();
    } catch (thrown) {
      // A queue whose first words to Redis were lost stays broken for ever: the next call opens another.
      if (opened.get(name) === queue) opened.delete(name);
      await queue.close();
      throw thrown;
    }
    over.throwIfAborted();
    return queue;
  }

  /** For jobs of one queue. */
  async function takeRounds(records: JobRecord[]): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    const turns = records.map((record) => ({ jobId: record.jobId, owner: ownerAudience(record) }));
    await rounds.take(queueName(first.type, first.lane), turns);
  }

  return {
    async add(record, { runBase, retries }) {
      const data: WorkData = { input: record.input, options: record.options, runBase, retries };
      const options = jobOptions(record, retentionDays, delayOf(record, retries));
      await patiently(async (over) => {
        await (await get(record, over)).add(record.type, data, options);
        await takeRounds([record]);
      });
    },
    async addAll(records) {
      for (const [, group] of Map.groupBy(records, ({ type, lane }) => queueName(type, lane))) {
        const [first] = group;
        if (first === undefined) continue;
        const jobs = group.map((record) => ({
          name: record.type,
          data: { input: record.input, options: record.options, runBase: 0, retries: 0 },
          opts: jobOptions(record, retentionDays, delayOf(record, 0)),
        }));
        await patiently(async (over) => {
          await (await get(first, over)).addBulk(jobs);
          await takeRounds(group);
        });
      }
    },
    find: (record) => patiently(async (over) => (await get(record, over)).getJob(record.jobId)),
    remove: (job) =>
      patiently(() => orFalse(job.remove({ removeChildren: false }), "locked by another worker")),
    async retry(record, job, retries) {
      await patiently(() => job.updateData({ ...job.data, retries, readyAt: Date.now() }));
      await patiently(() => job.changePriority({ priority: NO_ROUND }));
      // BullMQ goes on counting the attempts started, so that a run's number is never used twice.
      const isBack = await orFalse(
        job.retry("failed", { resetAttemptsMade: true }),
        "is not in the failed state",
        "Missing key",
      );
      // Whoever put it back: it is in line without a round now.
      await patiently(() => takeRounds([record]));
      return isBack;
    },
    async close() {
      await Promise.all(Array.from(opened.values(), (queue) => queue.close()));
    },
  };
}

function delayOf({ parentId, delayMs }: JobRecord, retries: number): number {
  if (parentId !== null) return untilLetGo(Date.now());
  return retries > 0 ? 0 : delayMs;
}

function jobOptions(record: JobRecord, retentionDays: number, delayMs: number): JobsOptions {
  // By age only: a count would drop outcomes before recorder or history have read them.
  const kept = { age: retentionDays * 86_400 };
  return {
    jobId: record.jobId,
    attempts: record.maxAttempts,
    backoff: { type: "exponential", delay: 1000, jitter: 0.5 },
    delay: delayMs,
    priority: NO_ROUND,
    removeOnComplete: kept,
    removeOnFail: kept,
    stackTraceLimit: 1,
  };
}

/** BullMQ tells by its message alone that a job is not in the state that a call needs. */
export async function orFalse(done: Promise<void>, ...refusals: string[]): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && refusals.some((words) => thrown.message.includes(words)))
      return false;
    throw thrown;
  }
}
