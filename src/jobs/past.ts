import { setTimeout as delay } from "node:timers/promises";
import { JobcastError } from "../errors.ts";

/** How long a slow server may hold up a read that the other one can answer, ms. */
const PATIENCE_MS = 1000;

/** What is answered, `undefined` when the server is away. */
export async function unlessAway<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (thrown) {
    if (thrown instanceof JobcastError && thrown.code === "unavailable") return undefined;
    throw thrown;
  }
}

/** What is answered within a second, `undefined` when nothing is. */
export async function unlessLate<T>(read: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  const late = delay(PATIENCE_MS, undefined, { signal: over.signal }).catch(() => undefined);
  try {
    return await Promise.race([unlessAway(read), late]);
  } finally {
    over.abort();
  }
}
