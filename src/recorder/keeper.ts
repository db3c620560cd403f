import { Worker } from "bullmq";
import type { Redis } from "ioredis";
import { MAX_QUEUE_EVENTS } from "../jobs/queues.ts";
import { LOCK_MS, MAX_STALLS, STALLED_INTERVAL_MS } from "../jobs/stalls.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import type { Keys } from "../redis/keys.ts";
import type { Lease } from "./lease.ts";

export interface KeeperOptions {
  redis: Redis;
  keys: Keys;
  queues: string[];
  beat: (lease: Lease) => Promise<void>;
  sweep: (lease: Lease) => Promise<number>;
  log: Logger;
  /** How often jobs of lost workers are looked for; 5 s, as workers do. */
  stalledIntervalMs?: number;
}

const BEAT_EVERY_MS = 1000;
const TEND_EVERY_MS = 10_000;
/** How far back a queue's events can be read again: by the history after Postgres was away, by the recorder after a loss. */
const EVENTS_TTL_MS = 2 * 3_600_000;

/** What one recorder does for all: heartbeats, trimming, the stalled check of queues that have no worker left, the sweep. */
export async function keep(lease: Lease, options: KeeperOptions): Promise<void> {
  const checks = options.queues.map((queue) => checkStalls(queue, options));
  const tending = tendAll(lease, options);
  try {
    while (!lease.signal.aborted) {
      await options.beat(lease);
      await sleep(BEAT_EVERY_MS, lease.signal);
    }
  } finally {
    await Promise.all([...checks.map((worker) => worker.close(true)), tending]);
  }
}

async function tendAll(
  lease: Lease,
  { redis, keys, queues, sweep, log }: KeeperOptions,
): Promise<void> {
  while (!lease.signal.aborted) {
    try {
      for (const queue of queues) await tend(redis, keys, queue);
      await sweep(lease);
    } catch (thrown) {
      if (!lease.signal.aborted)
        log.warn({ err: thrown }, "keeper: could not tend the queues; trying again");
    }
    await sleep(TEND_EVERY_MS, lease.signal);
  }
}

/** Any `new Queue` elsewhere sets the length back to 10,000; and time, not count, decides what goes, as far as it was read. */
async function tend(redis: Redis, keys: Keys, queue: string): Promise<void> {
  await redis.hset(`${keys.bull(queue)}:${queue}:meta`, "opts.maxLenEvents", MAX_QUEUE_EVENTS);
  const place = await redis.get(keys.place(queue));
  const oldest = `${Date.now() - EVENTS_TTL_MS}-0`;
  if (place !== null && compareStreamIds(oldest, place) < 0)
    await redis.xtrim(keys.events(queue), "MINID", "~", oldest);
}

/** A worker that takes nothing: it looks after jobs whose own worker died, also when no worker of the queue is left. */
function checkStalls(queue: string, options: KeeperOptions): Worker {
  const { redis, keys, log, stalledIntervalMs = STALLED_INTERVAL_MS } = options;
  const worker = new Worker(queue, undefined, {
    connection: redis,
    prefix: keys.bull(queue),
    autorun: false,
    lockDuration: LOCK_MS,
    stalledInterval: stalledIntervalMs,
    maxStalledCount: MAX_STALLS,
  });
  worker.on("error", (err) => log.debug({ err, queue }, "keeper: stalled check"));
  worker
    .startStalledCheckTimer()
    .catch((err: unknown) => log.warn({ err, queue }, "keeper: stalled check"));
  return worker;
}
