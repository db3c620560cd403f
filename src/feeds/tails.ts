import { setTimeout as delay } from "node:timers/promises";
import type { Cursor } from "../contract/cursor.ts";
import type { Audience } from "../contract/names.ts";
import { fromPairs } from "../lib/array.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import type { EntryBytes } from "../redis/entry-parser.ts";
import type { Keys } from "../redis/keys.ts";
import { connected, readEntries } from "../redis/read-entries.ts";
import { loadScript } from "../redis/script.ts";
import type { OpenReaders, StreamReader } from "../redis/stream-readers.ts";
import { newGeneration } from "./append.ts";

/** Something said in a partition. */
export interface TailEntry {
  id: string;
  kind: "fact" | "gauge";
  audience: Audience;
  event: string;
  jobId: string;
  /** The place of a fact in its feed. */
  cursor: Cursor | undefined;
  /** JSON, complete. */
  data: string;
}

export interface TailsOptions {
  openReaders: OpenReaders;
  keys: Keys;
  partitions: number;
  log: Logger;
  /** Whether anybody here listens to an audience: of what is said to others nothing is made. */
  isHeard: (audience: string) => audience is Audience;
  onEntry: (entry: TailEntry) => void;
  /** Entries of the partition were missed, by a trim or a Redis that lost them: what they said is to be read from the logs. */
  onGap: (partition: number) => void;
  now?: () => number;
}

/**
 * A node's ear: reads the tail of every partition, in order, from explicit ids. After a broken link it goes on where it was; what cannot be
 * read any more is reported by `onGap`, and so is a tail that went back.
 */
export interface Tails {
  /** Resolves when the place in every tail is known; whatever is said later is heard. */
  ready: Promise<void>;
  /** Ms since the last heartbeat in the partition that is silent for longest. */
  silentMs(): number;
  close(): Promise<void>;
}

/** Five missed heartbeats: a primary that was cut off still answers, with nothing. */
export const DEAF_AFTER_MS = 5000;
const BATCH = 1000;
/** To wait for a link that has something costs more than to read one event off it, on both sides: what comes in this time is read together. */
const GATHER_MS = 2;
/** Before the first entry of any stream. */
const FIRST = "0-0";

const checkTail = loadScript("check-tail");

interface Place {
  partition: number;
  stream: string;
  id: string;
  /** The running number of the last entry read; unknown before the first. */
  count: number | undefined;
  /** As the last heartbeat had it: another one means that the partition lost something. */
  generation: string | undefined;
  heardAt: number;
}

export function createTails(options: TailsOptions): Tails {
  const { openReaders, keys, partitions, now = Date.now } = options;
  const places = Array.from({ length: partitions }, (_, partition): Place => ({
    partition,
    stream: keys.tail(partition),
    id: FIRST,
    count: undefined,
    generation: undefined,
    heardAt: now(),
  }));
  const ears = openReaders(places.map(({ stream }) => stream)).map(({ redis, streams }) =>
    listen({
      ...options,
      now,
      redis,
      places: places.filter(({ stream }) => streams.includes(stream)),
    }),
  );
  return {
    ready: Promise.all(ears.map((ear) => ear.ready)).then(() => undefined),
    silentMs: () => silenceOf(places, now),
    async close() {
      await Promise.all(ears.map((ear) => ear.close()));
    },
  };
}

const silenceOf = (places: Place[], now: () => number): number =>
  now() - Math.min(...places.map((place) => place.heardAt));

type EarOptions = Required<Omit<TailsOptions, "openReaders" | "partitions">> &
  Pick<StreamReader, "redis"> & { places: Place[] };

/** Reads the tails that one server has. */
function listen({ redis, places, keys, log, isHeard, onEntry, onGap, now }: EarOptions) {
  const placeOf = new Map(places.map((place) => [place.stream, place]));
  const closing = new AbortController();
  const { promise: ready, resolve: known } = Promise.withResolvers<void>();
  let isAnchored = false;

  /** Stands at the end of each tail at first; later only where Redis has lost what was read here. */
  async function anchor(): Promise<void> {
    const isThere = isAnchored ? await Promise.all(places.map(check)) : [];
    const pipeline = redis.pipeline();
    for (const { stream } of places) pipeline.xrevrange(stream, "+", "-", "COUNT", 1);
    const replies = (await pipeline.exec()) ?? [];
    const gone: number[] = [];
    for (const [i, [error, entries]] of replies.entries()) {
      if (error) throw error;
      const place = places[i];
      const newest = toNewest(entries);
      if (place === undefined || isThere[i] === true) continue;
      if (isAnchored) gone.push(place.partition);
      place.id = newest?.id ?? FIRST;
      place.count = newest?.count ?? 0;
    }
    isAnchored = true;
    known();
    for (const partition of gone) onGap(partition);
  }

  /**
   * Clients here have been told what was read, so a Redis that has not got it would give its numbers away a second time. The recorder compares what it
   * wrote; this node is a witness where nobody is left who did, and begins the new generation then.
   */
  async function check({ id, generation, partition }: Place): Promise<boolean> {
    if (id === FIRST) return true;
    const args = [id, generation ?? "", newGeneration()];
    return (
      (await checkTail.run(redis, [keys.tail(partition), keys.partition(partition)], args)) === 1
    );
  }

  async function read(): Promise<void> {
    const broken = new Set<number>();
    const streams = places.map(({ stream }) => stream);
    const after = places.map(({ id }) => id);
    const { signal } = closing;
    try {
      await readEntries({ redis, streams, after, count: BATCH, signal }, (stream, entry) => {
        const place = placeOf.get(stream);
        if (place !== undefined && !hear(place, entry)) broken.add(place.partition);
      });
    } finally {
      for (const partition of broken) onGap(partition);
    }
  }

  /** `false` when something is missing before this entry. */
  function hear(place: Place, entry: EntryBytes): boolean {
    const count = entry.number(FIELD.count);
    const isNext = place.count === undefined || count === place.count + 1;
    place.id = entry.id();
    place.count = count;
    place.heardAt = now();
    const audience = entry.text(FIELD.audience);
    if (audience === "") return isSameGeneration(place, entry.text(FIELD.data)) && isNext;
    if (isHeard(audience)) onEntry(toTailEntry(audience, place.id, entry));
    return isNext;
  }

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await connected(redis, closing.signal);
        if (closing.signal.aborted) return;
        const since = now();
        await anchor();
        await readUntilDeaf(since);
      } catch (thrown) {
        if (closing.signal.aborted) return;
        log.warn({ err: thrown }, "tails: the link broke; going on where it was");
        // A server that has the tails no more answers as well.
        if (redis.status === "ready") redis.disconnect(true);
      }
      await sleep(100, closing.signal);
    }
  }

  /** The name is resolved anew with the connection. When nobody beats at all, it is the recorder that is missing, and asking again is cheap. */
  async function readUntilDeaf(since: number): Promise<void> {
    const isDeaf = () => Math.min(silenceOf(places, now), now() - since) > DEAF_AFTER_MS;
    const link = redis.stream;
    while (!closing.signal.aborted && !isDeaf()) {
      // One that was made anew meanwhile may lead to a server that has lost what was read.
      if (redis.stream !== link) throw new Error("The link to Redis broke");
      await read();
      await delay(GATHER_MS);
    }
    redis.disconnect(true);
  }

  const following = follow();
  return {
    ready,
    async close() {
      closing.abort();
      redis.disconnect();
      await following;
    },
  };
}

function isSameGeneration(place: Place, generation: string | undefined): boolean {
  const before = place.generation;
  place.generation = generation;
  return before === undefined || before === generation;
}

/** Where the values stand that `append.lua` and `heartbeat.lua` write. */
const FIELD = { count: 0, audience: 1, kind: 2, event: 3, jobId: 4, cursor: 5, data: 6 };

const toTailEntry = (audience: Audience, id: string, entry: EntryBytes): TailEntry => ({
  id,
  kind: entry.text(FIELD.kind) === "fact" ? "fact" : "gauge",
  audience,
  event: entry.text(FIELD.event),
  jobId: entry.text(FIELD.jobId),
  cursor: toCursor(entry.text(FIELD.cursor)),
  data: entry.text(FIELD.data),
});

/** One of our own, so nothing is checked. */
function toCursor(text: string): Cursor | undefined {
  const dash = text.lastIndexOf("-");
  return dash === -1
    ? undefined
    : { epoch: text.slice(0, dash), seq: Number(text.slice(dash + 1)) };
}

/** Of an answer to XREVRANGE. */
function toNewest(entries: unknown): { id: string; count: number } | undefined {
  const [newest]: [string, string[]][] = Array.isArray(entries) ? entries : [];
  if (newest === undefined) return undefined;
  const [id, flat] = newest;
  return { id, count: Number(fromPairs(flat)["n"]) };
}
