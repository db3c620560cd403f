import type { Redis } from "ioredis";
import { createPlacesTable, FIRST_PLACE, type Place, START } from "../db/places-table.ts";
import { sleep } from "../lib/sleep.ts";
import { timeOfStreamId } from "../lib/stream-id.ts";
import { readEntries } from "../redis/read-entries.ts";
import { type ApplyOptions, createHistoryApply } from "./history-apply.ts";
import { createRepair } from "./history-repair.ts";
import { checkFooting } from "./history-stream.ts";
import { type SourceEvent, toSourceEvent } from "./queue-events.ts";

export interface ReaderOptions extends ApplyOptions {
  /** Of its own, to the server that has the streams (`openReader`). */
  blocking: Redis;
  queues: readonly string[];
  now: () => number;
  signal: AbortSignal;
}

/** Of each stream in one transaction. */
const BATCH = 500;
/** Time for a batch to grow: nobody waits for the history, and a transaction for each event would cost more than the events. */
const LINGER_MS = 50;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** `source`: the event stream of the queue. */
interface Stream {
  queue: string;
  source: string;
}
/** What is new in a stream; `last` is the id of the last entry, which may be about no job. */
interface Fresh {
  events: SourceEvent[];
  count: number;
  last: string | undefined;
}

const nothing = (): Fresh => ({ events: [], count: 0, last: undefined });

/**
 * Reads the event streams in strict order, each event applied once however many readers a database has. Where the streams stand is looked up
 * at each turn, so a reader that lost a race, a connection or its memory goes on from what is written.
 */
export function createHistoryReader({ blocking, queues, now, signal, ...options }: ReaderOptions) {
  const { redis, keys, database, log } = options;
  const streams = queues.map((queue) => ({ queue, source: keys.events(queue) }));
  const repair = createRepair({ ...options, now });
  const apply = createHistoryApply(options);
  /** Of streams with a gap, named before the rest of the stream is read. */
  const suspects = new Map<string, string[]>();
  let behindSince: number | undefined = now();

  return {
    /** How long the oldest event that is not written yet has waited, in ms; 0 when there is none. */
    lagMs: (): number => (behindSince === undefined ? 0 : Math.max(0, now() - behindSince)),

    /** Resolves after `signal` fires. While Postgres or Redis is away it tries again, and says so once. */
    async run(): Promise<void> {
      let failures = 0;
      while (!signal.aborted) {
        try {
          await turn();
          if (failures > 0) log.info("history: goes on");
          failures = 0;
        } catch (err) {
          if (signal.aborted) return;
          if (failures === 0) log.warn({ err }, "history: waits, and catches up afterwards");
          behindSince ??= now();
          await sleep(
            Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10)),
            signal,
          );
          failures += 1;
        }
      }
    },
  };

  async function turn(): Promise<void> {
    const places = await createPlacesTable(database.db).load();
    const standing = streams.map((stream) => ({
      stream,
      from: places.get(stream.source) ?? START,
    }));
    for (const { stream, from } of standing) await nameSuspects(stream, from);
    const fresh = await read(standing);
    for (const { stream, from } of standing)
      await follow(stream, from, fresh.get(stream.source) ?? nothing());
    if ([...fresh.values()].every(({ count }) => count < BATCH)) behindSince = undefined;
    if (fresh.size > 0) await sleep(LINGER_MS, signal);
  }

  async function read(standing: { stream: Stream; from: Place }[]): Promise<Map<string, Fresh>> {
    const found = new Map<string, Fresh>();
    let oldest = Infinity;
    const places = {
      streams: standing.map(({ stream }) => stream.source),
      after: standing.map(({ from }) => from.place),
      count: BATCH,
      signal,
    };
    await readEntries({ redis: blocking, ...places }, (source, entry) => {
      const id = entry.id();
      const { events, count } = found.get(source) ?? nothing();
      const event = toSourceEvent(id, entry.fields());
      if (event !== undefined) events.push(event);
      found.set(source, { events, count: count + 1, last: id });
      oldest = Math.min(oldest, timeOfStreamId(id));
    });
    if (found.size > 0) behindSince = oldest;
    return found;
  }

  async function nameSuspects({ queue, source }: Stream, { gapFrom }: Place): Promise<void> {
    if (gapFrom === null) {
      suspects.delete(source);
      return;
    }
    if (!suspects.has(source)) suspects.set(source, await repair.suspects(queue, gapFrom));
  }

  async function follow(
    stream: Stream,
    from: Place,
    { events, count, last }: Fresh,
  ): Promise<void> {
    const { source } = stream;
    const { kind, ...footing } = await checkFooting(redis, source, from.place);
    const gapFrom = from.gapFrom ?? footing.after ?? null;
    if (kind === "rewound") {
      log.warn({ source, after: gapFrom }, "history: Redis has lost events; reading again");
      await apply({ source, from, to: { place: FIRST_PLACE, gapFrom }, events: [] });
      return;
    }
    const to = last === undefined ? from : { place: last, gapFrom };
    if (to.gapFrom !== from.gapFrom)
      log.warn({ source, after: gapFrom }, "history: events were trimmed unread");
    const isMine = last === undefined || (await apply({ source, from, to, events }));
    if (isMine && count < BATCH) await settle(stream, to);
  }

  async function settle({ queue, source }: Stream, place: Place): Promise<void> {
    const named = suspects.get(source);
    if (named === undefined || place.gapFrom === null) return;
    if (await repair.settle(queue, place, named))
      log.info({ source, jobs: named.length }, "history: gap closed");
  }
}
