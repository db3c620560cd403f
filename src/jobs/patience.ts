import { setTimeout as delay } from "node:timers/promises";
import { JobcastError } from "../errors.ts";

/** How long a caller waits for Redis, in ms: a restart or a failover fits in, an HTTP client's own patience is longer. */
const PATIENCE_MS = 3000;
const PAUSE_MS = 50;

/**
 * Runs `work`, again and again while Redis is away, for 3 s at most; then fails with `unavailable`. `work` must be safe to repeat, and begin
 * nothing more once `over` has fired: its caller was refused by then.
 */
export async function patiently<T>(work: (over: AbortSignal) => Promise<T>): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([repeat(work, over.signal), expire(over.signal)]);
  } finally {
    over.abort();
  }
}

async function repeat<T>(work: (over: AbortSignal) => Promise<T>, over: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await work(over);
    } catch (thrown) {
      if (!isAway(thrown)) throw thrown;
      await delay(PAUSE_MS, undefined, { signal: over });
    }
  }
}

async function expire(over: AbortSignal): Promise<never> {
  await delay(PATIENCE_MS, undefined, { signal: over });
  throw new JobcastError("unavailable", "The queue cannot be reached at the moment", {
    retryAfterSeconds: 5,
  });
}

const AWAY =
  /^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|Stream isn't writeable|Cluster isn't ready|Cluster is ended|None of startup nodes|Too many Cluster redirections|Connection is closed|Command timed out|Reached the max retries)|ECONN|ENOENT|EPIPE|EAI_AGAIN|ETIMEDOUT/;

/** Whether Redis could not be asked, or not now, rather than asked the wrong thing. */
export const isAway = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  AWAY.test("code" in thrown ? `${thrown.message} ${String(thrown.code)}` : thrown.message);

/** Whether whatever else is asked for would fail as well just now. */
export const isUnavailable = (thrown: unknown): boolean =>
  isAway(thrown) || (thrown instanceof JobcastError && thrown.code === "unavailable");
