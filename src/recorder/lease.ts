import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { relink, type RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";

/** The right to be a source's one reader. `signal` fires when it is lost, or can no longer be trusted. */
export interface Lease {
  source: string;
  holder: string;
  /** Grows with each holder; writes that carry a lower one are refused. */
  fence: number;
  signal: AbortSignal;
}

/** Thrown by work that was refused under its fence; the next lease will be above `fence`. */
export class FencedError extends Error {
  override readonly name = "FencedError";
  readonly fence: number;

  constructor(fence: number) {
    super("Another reader has taken over");
    this.fence = fence;
  }
}

export interface LeaseOptions {
  redis: RedisClient;
  keys: Keys;
  source: string;
  holder: string;
  log: Logger;
  /** Fires when the process leaves. */
  signal: AbortSignal;
  /** What the holder does; called again with a new lease after it threw. */
  work: (lease: Lease) => Promise<void>;
  /** How long a frozen or dead holder keeps its successor waiting; 5 s. */
  ttlMs?: number;
}

const LEASE_TTL_MS = 5000;
/** A lease is renewed so often while it lasts, and work stops that part of it before it could have run out. */
const RENEWALS = 5;

const acquire = loadScript("acquire-lease");
const release = loadScript("release-lease");

/** Competes for the lease and works under it, again and again, until `signal` fires; then gives it back. */
export async function holdLease(options: LeaseOptions): Promise<void> {
  const { log, source, signal, ttlMs = LEASE_TTL_MS } = options;
  let floor = 0;
  while (!signal.aborted) {
    const fence = await ask(options, floor).catch((err: unknown) => {
      log.debug({ err, source }, "lease: cannot ask");
      return 0;
    });
    if (fence > 0) floor = await workUnder(options, fence);
    await sleep((ttlMs / RENEWALS) * (0.5 + Math.random() * 0.5), signal);
  }
}

async function ask(options: LeaseOptions, floor: number): Promise<number> {
  const { redis, keys, source, holder, ttlMs = LEASE_TTL_MS } = options;
  const args = [holder, ttlMs, floor];
  const answer = acquire.run(redis, [keys.lease(source), keys.fence(source)], args);
  return Number(await within(ttlMs, redis, answer));
}

/** A link that hangs would keep a recorder from competing again: it is made anew, and what was asked is sent again by itself. */
async function within<T>(ms: number, redis: RedisClient, answer: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = sleep(ms, over.signal).then(() => {
    if (!over.signal.aborted) relink(redis);
    throw new Error("No answer from Redis in time");
  });
  late.catch(() => undefined);
  return await Promise.race([answer, late]).finally(() => over.abort());
}

/** Answers with a fence that the next lease has to exceed. */
async function workUnder(options: LeaseOptions, fence: number): Promise<number> {
  const { redis, keys, source, holder, log, signal, ttlMs = LEASE_TTL_MS } = options;
  const lost = new AbortController();
  const renewal = renew(options, fence, lost);
  try {
    log.info({ source, fence }, "lease: taken");
    await options.work({ source, holder, fence, signal: AbortSignal.any([signal, lost.signal]) });
    return 0;
  } catch (thrown) {
    log.warn({ err: thrown, source, fence }, "lease: work stopped");
    return thrown instanceof FencedError ? thrown.fence : 0;
  } finally {
    lost.abort();
    await renewal;
    const released = release.run(redis, [keys.lease(source)], [holder]);
    await within(ttlMs, redis, released).catch(() => undefined);
  }
}

/** A process that was frozen finds its clock ahead when it wakes up: the lease is given up before anything is written under it. */
async function renew(options: LeaseOptions, fence: number, lost: AbortController): Promise<void> {
  const { ttlMs = LEASE_TTL_MS } = options;
  const everyMs = ttlMs / RENEWALS;
  let renewedAt = performance.now();
  const watch = setInterval(() => {
    if (performance.now() - renewedAt > ttlMs - everyMs) lost.abort();
  }, everyMs / 4);
  while (!lost.signal.aborted) {
    await sleep(everyMs, lost.signal);
    if (lost.signal.aborted) break;
    const askedAt = performance.now();
    const renewed = await ask(options, 0).catch(() => undefined);
    if (renewed !== undefined && renewed !== fence) lost.abort();
    if (renewed === fence) renewedAt = askedAt;
  }
  clearInterval(watch);
}
