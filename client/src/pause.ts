/** Resolves after `ms`, or at once when `signal` fires. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const over = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal.addEventListener("abort", over);
  });
}

const FIRST_MS = 1000;
const MOST_MS = 30_000;

/**
 * How long to wait before the next try, ms: full jitter, so that those whose node died do not come back in waves.
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export const backoff = (failures: number): number =>
  Math.random() * Math.min(MOST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
