import { Worker } from "bullmq";
import { MAX_QUEUE_EVENTS } from "../jobs/queues.ts";
import { LOCK_MS, MAX_STALLS, STALLED_INTERVAL_MS } from "../jobs/stalls.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import type { Unsettled } from "./heartbeat.ts";
import type { Lease } from "./lease.ts";
import { caughtUp, LATE_MS, readAgain } from "./reread.ts";
import type { SweepOptions } from "./sweep.ts";
import { measureUnread, type Unread } from "./unread.ts";

export interface KeeperOptions {
  redis: RedisClient;
  keys: Keys;
  queues: string[];
  beat: (lease: Lease) => Promise<Unsettled[]>;
  sweep: (
    lease: Lease,
    options: Pick<SweepOptions, "unchangedMs" | "isThorough">,
  ) => Promise<number>;
  /** Leaves behind what Redis has acknowledged. */
  save: () => Promise<void>;
  onUnread: (queue: string, unread: Unread) => void;
  log: Logger;
  /** How far behind a reader may be that counts as in time; 5 s. */
  lateMs?: number;
  /** How often jobs of lost workers are looked for; 5 s, as workers do. */
  stalledIntervalMs?: number;
}

const BEAT_EVERY_MS = 1000;
const TEND_EVERY_MS = 10_000;
/** How far back a queue's events can be read again: by the history after Postgres was away, by the recorder after a loss. */
const EVENTS_TTL_MS = 2 * 3_600_000;

const settleGeneration = loadScript("settle-generation");

/**
 * What one recorder does for all: heartbeats, trimming, the stalled check of queues that have no worker left, the sweep, and making up for what Redis
 * has lost.
 */
export async function keep(lease: Lease, options: KeeperOptions): Promise<void> {
  const stopped = new AbortController();
  const held = { ...lease, signal: AbortSignal.any([lease.signal, stopped.signal]) };
  const checks = options.queues.map((queue) => checkStalls(queue, options));
  const tending = tendAll(held, options);
  let settling: Promise<void> | undefined;
  try {
    while (!held.signal.aborted) {
      const unsettled = await options.beat(held);
      if (unsettled.length > 0)
        settling ??= settle(held, unsettled, options).finally(() => (settling = undefined));
      await sleep(BEAT_EVERY_MS, held.signal);
    }
  } finally {
    // The lease may well be good still: after a heartbeat that failed, all of this begins again under it.
    stopped.abort();
    await Promise.all([...checks.map((worker) => worker.close(true)), tending, settling]);
  }
}

/**
 * A new generation, whoever found the loss and began it: what was lost is read again and told, and what the queues no longer say is found by comparing;
 * twice, since what is recent is left to the reader at first. It is noted in Redis when that is done, so that a keeper that dies in between leaves it to the next.
 */
async function settle(
  lease: Lease,
  unsettled: Unsettled[],
  { redis, keys, queues, sweep, log, lateMs = LATE_MS }: KeeperOptions,
): Promise<void> {
  try {
    for (const queue of queues) await readAgain(redis, keys, queue);
    for (const waitMs of [0, 2 * lateMs]) {
      await sleep(waitMs, lease.signal);
      for (const queue of queues) await caughtUp(redis, keys, queue, lease.signal);
      lease.signal.throwIfAborted();
      const mended = await sweep(lease, { unchangedMs: 0, isThorough: true });
      log.info({ partitions: unsettled.length, mended }, "keeper: looked for what was lost");
    }
    for (const { partition, generation } of unsettled)
      await settleGeneration.run(redis, [keys.partition(partition)], [generation]);
  } catch (thrown) {
    if (!lease.signal.aborted)
      log.warn({ err: thrown }, "keeper: could not settle a new generation; trying again");
  }
}

async function tendAll(lease: Lease, options: KeeperOptions): Promise<void> {
  const { queues, sweep, save, log } = options;
  while (!lease.signal.aborted) {
    try {
      for (const queue of queues) await tend(queue, options);
      await save();
      await sweep(lease, {});
    } catch (thrown) {
      if (!lease.signal.aborted)
        log.warn({ err: thrown }, "keeper: could not tend the queues; trying again");
    }
    await sleep(TEND_EVERY_MS, lease.signal);
  }
}

/** Any `new Queue` elsewhere sets the length back to 10,000; and time, not count, decides what goes, as far as it was read. */
async function tend(queue: string, { redis, keys, onUnread, log }: KeeperOptions): Promise<void> {
  const unread = await measureUnread(redis, keys, queue);
  onUnread(queue, unread);
  if (unread.isCut)
    log.error({ queue }, "keeper: events were trimmed unread; the sweep mends what it can");
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
