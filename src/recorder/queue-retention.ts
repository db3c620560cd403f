import { Queue } from "bullmq";
import { MAX_QUEUE_EVENTS } from "../jobs/queues.ts";
import { removeHourly } from "../lib/hourly.ts";
import type { Logger } from "../lib/logger.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";

const DAY_MS = 86_400_000;
/** Small, since a script keeps Redis waiting. */
const JOBS_PER_CLEAN = 500;

export interface QueueRetentionOptions {
  redis: RedisClient;
  keys: Keys;
  /** Names of the queues. */
  queues: readonly string[];
  retentionDays: number;
  log: Logger;
}

/** Once an hour until `signal` fires. Several processes may do so at once. */
export async function keepQueuesSwept(
  options: QueueRetentionOptions,
  signal: AbortSignal,
): Promise<void> {
  const remove = () => sweepQueues(options, signal);
  await removeHourly({ signal, remove, what: "old jobs in the queues", log: options.log });
}

/** Removes finished jobs past their time. BullMQ does so by itself only when the next job of the queue ends, which may be never. Fails once `signal` has fired. */
export async function sweepQueues(
  options: QueueRetentionOptions,
  signal?: AbortSignal,
): Promise<number> {
  let removed = 0;
  for (const name of options.queues) removed += await sweepQueue(name, options, signal);
  return removed;
}

async function sweepQueue(
  name: string,
  { redis, keys, retentionDays, log }: QueueRetentionOptions,
  signal: AbortSignal | undefined,
): Promise<number> {
  const queue = new Queue(name, {
    connection: redis,
    prefix: keys.bull(name),
    streams: { events: { maxLen: MAX_QUEUE_EVENTS } },
  });
  queue.on("error", (err) => log.debug({ err, queue: name }, "queue"));
  try {
    let removed = 0;
    for (const state of ["completed", "failed"] as const) {
      for (;;) {
        signal?.throwIfAborted();
        const ids = await queue.clean(retentionDays * DAY_MS, JOBS_PER_CLEAN, state);
        removed += ids.length;
        if (ids.length < JOBS_PER_CLEAN) break;
      }
    }
    return removed;
  } finally {
    await queue.close();
  }
}
