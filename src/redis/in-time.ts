export const BLOCK_MS = 1000;
/** An answer may be late by this much before the link counts as dead. */
const PATIENCE_MS = 5000;

/**
 * The answer to a read that blocks; fails when it does not come in time, or when `signal` fires. With a plain timer: this is done for every few events, and
 * a signal of its own for each costs as much as an event does.
 */
export function inTime<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => fail("No answer from Redis in time"), BLOCK_MS + PATIENCE_MS);
    const stop = () => fail("Stopped");
    const over = () => {
      clearTimeout(late);
      signal.removeEventListener("abort", stop);
    };
    function fail(why: string): void {
      over();
      reject(new Error(why));
    }
    signal.addEventListener("abort", stop, { once: true });
    answer.then(
      (value) => {
        over();
        resolve(value);
      },
      (reason: unknown) => {
        over();
        reject(reason instanceof Error ? reason : new Error(String(reason)));
      },
    );
  });
}
