import type { Logger } from "../src/lib/logger.ts";
import type { RedisClient } from "../src/redis/connect.ts";
import type { Keys } from "../src/redis/keys.ts";

/** Hears of jobs that somebody cancelled, by message, and by looking: a message is forgotten by a link that is down. */
export interface Cancellations {
  isCancelled(jobId: string, retries: number): Promise<boolean>;
  /** Calls back once when the running job is cancelled; returns a function that stops watching. */
  watch(jobId: string, retries: number, onCancel: () => void): () => void;
  close(): void;
}

interface Watch {
  jobId: string;
  retries: number;
  onCancel: () => void;
}

const LOOK_EVERY_MS = 1000;

export interface CancellationsOptions {
  redis: RedisClient;
  /** A connection of its own: it subscribes. */
  subscriber: RedisClient;
  keys: Keys;
  log: Logger;
}

export function createCancellations({
  redis,
  subscriber,
  keys,
  log,
}: CancellationsOptions): Cancellations {
  // Not by job: one whose lock was lost may be here a second time.
  const watched = new Set<Watch>();

  /** A request holds for the count of manual retries it was made at: a retry begins with a clean slate. */
  async function isCancelled(jobId: string, retries: number): Promise<boolean> {
    const asked = await redis.hget(keys.job(jobId), "cancel");
    return asked !== null && Number(asked) >= retries;
  }

  async function look(watch: Watch): Promise<void> {
    try {
      if (!(await isCancelled(watch.jobId, watch.retries))) return;
      if (watched.delete(watch)) watch.onCancel();
    } catch (err) {
      log.debug({ err, jobId: watch.jobId }, "cannot look for a cancel request");
    }
  }

  function lookAll(jobId?: string): void {
    for (const watch of watched) if (jobId === undefined || jobId === watch.jobId) void look(watch);
  }

  subscriber
    .subscribe(keys.cancelChannel)
    .catch((err: unknown) => log.warn({ err }, "cannot subscribe to cancel requests"));
  subscriber.on("message", (_channel, jobId) => lookAll(jobId));
  const timer = setInterval(() => lookAll(), LOOK_EVERY_MS);

  return {
    isCancelled,
    watch(jobId, retries, onCancel) {
      const watch = { jobId, retries, onCancel };
      watched.add(watch);
      return () => void watched.delete(watch);
    },
    close: () => clearInterval(timer),
  };
}
