import { setTimeout as delay } from "node:timers/promises";
import { JobcastError } from "../errors.ts";

/** How long a slow Postgres may hold up a read that Redis can answer, ms. */
const PATIENCE_MS = 1000;

/** What the history answers, `undefined` when Postgres is away. */
export async function unlessAway<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (thrown) {
    if (thrown instanceof JobcastError && thrown.code === "unavailable") return undefined;
    throw thrown;
  }
}

/** What the history answers within a second, `undefined` when it does not. */
export async function unlessLate<T>(read: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  const late = delay(PATIENCE_MS, undefined, { signal: over.signal }).catch(() => undefined);
  try {
    return await Promise.race([unlessAway(read), late]);
  } finally {
    over.abort();
  }
}
