import type { Redis } from "ioredis";
import type { Logger } from "../src/lib/logger.ts";
import type { Keys } from "../src/redis/keys.ts";

/** Hears of jobs that somebody cancelled, by message, and by looking: a message is forgotten by a link that is down. */
export interface Cancellations {
  isCancelled(jobId: string, retries: number): Promise<boolean>;
  /** Calls back once when the running job is cancelled; returns a function that stops watching. */
  watch(jobId: string, retries: number, onCancel: () => void): () => void;
  close(): void;
}

const LOOK_EVERY_MS = 1000;

export interface CancellationsOptions {
  redis: Redis;
  /** A connection of its own: it subscribes. */
  subscriber: Redis;
  keys: Keys;
  log: Logger;
}

export function createCancellations({
  redis,
  subscriber,
  keys,
  log,
}: CancellationsOptions): Cancellations {
  const watched = new Map<string, { retries: number; onCancel: () => void }>();

  /** A request holds for the count of manual retries it was made at: a retry begins with a clean slate. */
  async function isCancelled(jobId: string, retries: number): Promise<boolean> {
    const asked = await redis.hget(keys.job(jobId), "cancel");
    return asked !== null && Number(asked) >= retries;
  }

  async function look(jobId: string): Promise<void> {
    const job = watched.get(jobId);
    if (job === undefined || !(await isCancelled(jobId, job.retries))) return;
    if (watched.delete(jobId)) job.onCancel();
  }

  const lookSafely = (jobId: string) =>
    void look(jobId).catch((err: unknown) =>
      log.debug({ err, jobId }, "cannot look for a cancel request"),
    );

  subscriber
    .subscribe(keys.cancelChannel)
    .catch((err: unknown) => log.warn({ err }, "cannot subscribe to cancel requests"));
  subscriber.on("message", (_channel, jobId) => lookSafely(jobId));
  const timer = setInterval(() => {
    for (const jobId of watched.keys()) lookSafely(jobId);
  }, LOOK_EVERY_MS);

  return {
    isCancelled,
    watch(jobId, retries, onCancel) {
      watched.set(jobId, { retries, onCancel });
      return () => void watched.delete(jobId);
    },
    close: () => clearInterval(timer),
  };
}
