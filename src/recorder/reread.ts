import { sleep } from "../lib/sleep.ts";
import { timeOfStreamId } from "../lib/stream-id.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";

/** What is read again after a loss: longer than any failover takes to be noticed. */
const REREAD_MS = 600_000;
/** A reader this far behind is late. */
export const LATE_MS = 5000;
const LOOK_EVERY_MS = 200;

const rewind = loadScript("rewind");

/** Has a queue be read again from `from` on, ms since 1970; what was told already is refused by its refs. */
export async function readAgain(
  redis: RedisClient,
  keys: Keys,
  queue: string,
  from = Date.now() - REREAD_MS,
): Promise<void> {
  await rewind.run(redis, [keys.place(queue), keys.events(queue)], [from]);
}

/** While the reader of the queue is on its way to the newest event, what seems lost may only be late. */
export async function isBehind(
  redis: RedisClient,
  keys: Keys,
  queue: string,
  lateMs = LATE_MS,
): Promise<boolean> {
  const place = await redis.get(keys.place(queue));
  // What came this moment to a queue that was silent for long does not make its reader late.
  const [unread] = await redis.xrange(keys.events(queue), `(${place ?? "0-0"}`, "+", "COUNT", 1);
  return unread !== undefined && timeOfStreamId(unread[0]) < Date.now() - lateMs;
}

/** Resolves when the queue was read to its end, or when `signal` fires. */
export async function caughtUp(
  redis: RedisClient,
  keys: Keys,
  queue: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && (await isBehind(redis, keys, queue)))
    await sleep(LOOK_EVERY_MS, signal);
}
