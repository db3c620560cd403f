import { sleep } from "./sleep.ts";

export interface Hourly {
  signal: AbortSignal;
  /** Ends soon after `signal` has fired, also by failing. */
  work: () => Promise<void>;
  /** Of work that failed, and was not told to end. */
  onError: (err: unknown) => void;
}

const HOUR_MS = 3_600_000;

/** Works now, and once an hour until `signal` fires. */
export async function everyHour({ signal, work, onError }: Hourly): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch (err) {
      if (!signal.aborted) onError(err);
    }
    await sleep(HOUR_MS, signal);
  }
}
