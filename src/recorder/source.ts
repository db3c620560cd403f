import type { Redis } from "ioredis";
import { compareStreamIds } from "../lib/stream-id.ts";
import { readStreams } from "../redis/blocking-read.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import type { Apply } from "./apply.ts";
import type { Lease } from "./lease.ts";
import type { Parking } from "./parking.ts";
import { readAgain } from "./reread.ts";
import { type SourceEvent, toSourceEvent } from "./queue-events.ts";

export interface SourceOptions {
  queue: string;
  /** A strict connection of its own, to the server that has the queue: it blocks. */
  blocking: Redis;
  redis: RedisClient;
  keys: Keys;
  apply: Apply;
  parking: Pick<Parking, "adopt" | "forget" | "release">;
}

const BATCH = 500;

const movePlace = loadScript("move-place");

/**
 * Reads one queue's events under a lease, in strict order from an explicit place. The place moves only when every audience of a batch has been
 * told, so whoever holds the next lease begins where this one was not sure. It is looked up at each turn, since it is moved back when Redis has
 * lost something.
 */
export async function readSource(lease: Lease, options: SourceOptions): Promise<void> {
  const { queue, parking } = options;
  await parking.adopt(queue);
  try {
    await readOn(lease, options);
  } finally {
    parking.forget(queue);
  }
}

async function readOn(
  lease: Lease,
  { queue, blocking, redis, keys, apply, parking }: SourceOptions,
): Promise<void> {
  while (!lease.signal.aborted) {
    await parking.release(queue, (from) => readAgain(redis, keys, queue, from));
    const noted = await redis.get(keys.place(queue));
    const after = await withinStream(noted ?? "0-0");
    const entries = await read(after);
    const last = entries.at(-1)?.[0];
    if (last === undefined) continue;
    await apply(toEvents(entries));
    const args = [lease.holder, lease.fence, noted ?? "", last];
    await movePlace.run(redis, [keys.lease(queue), keys.place(queue)], args);
  }

  /** A place that lies in the future was noted by a Redis that has lost data since. */
  async function withinStream(place: string): Promise<string> {
    const [newest] = await redis.xrevrange(keys.events(queue), "+", "-", "COUNT", 1);
    return compareStreamIds(place, newest?.[0] ?? "0-0") > 0 ? "0-0" : place;
  }

  async function read(after: string): Promise<[string, string[]][]> {
    const streams = [keys.events(queue)];
    const [reply] = await readStreams({
      redis: blocking,
      streams,
      after: [after],
      count: BATCH,
      signal: lease.signal,
    });
    return reply?.[1] ?? [];
  }
}

const toEvents = (entries: [string, string[]][]): SourceEvent[] =>
  entries.flatMap(([id, flat]) => toSourceEvent(id, flat) ?? []);
