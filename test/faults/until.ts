import { setTimeout as delay } from "node:timers/promises";

/** Resolves when the condition holds; throws an error that says what did not become true in time, in the words of then. */
export async function until(
  what: string | (() => string),
  timeoutMs: number,
  isTrue: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) {
      const words = typeof what === "string" ? what : what();
      throw new Error(`Not within ${timeoutMs / 1000} s: ${words}`);
    }
    await delay(50);
  }
}
