import { LOCK_MS } from "../src/jobs/stalls.ts";

const RENEW_EVERY_MS = LOCK_MS / 4;

/**
 * Keeps a job's lock until the returned function is called; calls back once when somebody else has the job. BullMQ's own renewal goes by the job's id: where
 * an attempt was lost and its process takes the job again, the end of the first would end the renewal for the second.
 */
export function holdLock(
  job: { extendLock(token: string, durationMs: number): Promise<number> },
  token: string,
  onLost: () => void,
): () => void {
  const timer = setInterval(() => {
    job.extendLock(token, LOCK_MS).then(
      (held) => {
        if (held === 1) return;
        clearInterval(timer);
        onLost();
      },
      // Redis is away: the lock outlives three renewals.
      () => undefined,
    );
  }, RENEW_EVERY_MS);
  return () => clearInterval(timer);
}
