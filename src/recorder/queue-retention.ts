import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { MAX_QUEUE_EVENTS } from "../jobs/queues.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import type { Keys } from "../redis/keys.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Small, since a script keeps Redis waiting. */
const JOBS_PER_CLEAN = 500;

export interface QueueRetentionOptions {
  redis: Redis;
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
  while (!signal.aborted) {
    try {
      const removed = await sweepQueues(options, signal);
      if (removed > 0) options.log.info({ removed }, "old jobs removed from the queues");
    } catch (err) {
      if (!signal.aborted)
        options.log.warn({ err }, "old jobs stay in the queues for another hour");
    }
    await sleep(HOUR_MS, signal);
  }
}

/** Removes finished jobs past their time. BullMQ does so by itself only when the next job of the queue ends, which may be never. */
export async function sweepQueues(
  options: QueueRetentionOptions,
  signal = new AbortController().signal,
): Promise<number> {
  let removed = 0;
  for (const name of options.queues) {
    if (signal.aborted) break;
    removed += await sweepQueue(name, options);
  }
  return removed;
}

async function sweepQueue(
  name: string,
  { redis, keys, retentionDays, log }: QueueRetentionOptions,
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
