import type { Logger } from "./logger.ts";
import { sleep } from "./sleep.ts";

export interface Hourly {
  signal: AbortSignal;
  /** Removes what is past its time; resolves to how much that was. Ends soon after `signal` has fired, also by failing. */
  remove: () => Promise<number>;
  /** What it removes, for the log. */
  what: string;
  log: Pick<Logger, "info" | "warn">;
}

const HOUR_MS = 3_600_000;

/** Removes now, and once an hour until `signal` fires. */
export async function removeHourly({ signal, remove, what, log }: Hourly): Promise<void> {
  while (!signal.aborted) {
    try {
      const removed = await remove();
      if (removed > 0) log.info({ removed }, `${what} removed`);
    } catch (err) {
      if (!signal.aborted) log.warn({ err }, `${what} stay for another hour`);
    }
    await sleep(HOUR_MS, signal);
  }
}
