import { setTimeout as delay } from "node:timers/promises";
import type { Redis } from "ioredis";
import { compareStreamIds, timeOfStreamId } from "../lib/stream-id.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { readEntries } from "../redis/read-entries.ts";
import type { Replicas } from "../redis/replicas.ts";
import { loadScript } from "../redis/script.ts";
import type { Apply } from "./apply.ts";
import type { Lease } from "./lease.ts";
import type { Parking } from "./parking.ts";
import { readAgain } from "./reread.ts";
import { type SourceEvent, toSourceEvent } from "./queue-events.ts";

export interface SourceOptions {
  queue: string;
  /** Of its own, to the server that has the queue (`openReader`). */
  blocking: Redis;
  redis: RedisClient;
  keys: Keys;
  apply: Apply;
  parking: Pick<Parking, "adopt" | "forget" | "release">;
  /** Asked before an outcome is told. */
  replicas: Pick<Replicas, "begin">;
}

export const BATCH = 500;
const FIRST = "0-0";
/**
 * So far before its place a reader begins. What was read last may have come from a primary that was none any more, and what its successor said in the
 * meantime lies before that by the clock. Longer than it takes to leave such a primary; what was told already is refused.
 */
const OVERLAP_MS = 10_000;
/** A batch costs as much as many an event in it: where one follows upon the other, what comes in this time is one. The first is not kept waiting. */
export const GATHER_MS = 2;

const movePlace = loadScript("move-place");

/**
 * Reads one queue's events under a lease, in strict order from an explicit place. The place moves only when every audience of a batch has been
 * told, so whoever holds the next lease begins where this one was not sure. It is looked up again whenever it may have been moved back, which is what is done
 * when Redis has lost something.
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

interface Place {
  /** As it is noted, "" for not at all. */
  noted: string;
  /** What comes after this entry is to be read. */
  after: string;
}

/** Where a new reader begins. */
const withOverlap = ({ noted, after }: Place): Place => ({
  noted,
  after: `${Math.max(0, timeOfStreamId(after) - OVERLAP_MS)}-0`,
});

async function readOn(
  lease: Lease,
  { queue, blocking, redis, keys, apply, parking, replicas }: SourceOptions,
): Promise<void> {
  const stream = keys.events(queue);
  let place: Place | undefined = withOverlap(await look());
  while (!lease.signal.aborted) {
    await parking.release(queue, async (from) => {
      place = undefined;
      await readAgain(redis, keys, queue, from);
    });
    place ??= await look();
    const caughtUp = replicas.begin();
    const { events, last } = await read(place.after);
    if (last === undefined) {
      // Whoever moves it back may have nothing new to say.
      place = undefined;
      continue;
    }
    await apply(events, caughtUp);
    place = (await move(place, last)) ? { noted: last, after: last } : undefined;
    await delay(GATHER_MS);
  }

  async function look(): Promise<Place> {
    const noted = (await redis.get(keys.place(queue))) ?? "";
    const [newest] = await redis.xrevrange(stream, "+", "-", "COUNT", 1);
    // A place that lies in the future was noted by a Redis that has lost data since.
    const isThere = noted !== "" && compareStreamIds(noted, newest?.[0] ?? FIRST) <= 0;
    return { noted, after: isThere ? noted : FIRST };
  }

  /** What is new, and the id of the last entry, which may be about no job. */
  async function read(after: string): Promise<{ events: SourceEvent[]; last: string | undefined }> {
    const events: SourceEvent[] = [];
    let last: string | undefined;
    const what = { streams: [stream], after: [after], count: BATCH, signal: lease.signal };
    await readEntries({ redis: blocking, ...what }, (_, entry) => {
      last = entry.id();
      const event = toSourceEvent(last, entry.fields());
      if (event !== undefined) events.push(event);
    });
    return { events, last };
  }

  async function move({ noted }: Place, to: string): Promise<boolean> {
    const args = [lease.holder, lease.fence, noted, to];
    return (await movePlace.run(redis, [keys.lease(queue), keys.place(queue)], args)) === 1;
  }
}
