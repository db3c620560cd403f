import type { Redis } from "ioredis";
import type { Database } from "../db/database.ts";
import { createPlacesTable, FIRST_PLACE, type Place } from "../db/places-table.ts";
import type { Records } from "../jobs/records.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { timeOfStreamId } from "../lib/stream-id.ts";
import { readStreams } from "../redis/blocking-read.ts";
import type { Keys } from "../redis/keys.ts";
import { applyBatch, type Batch } from "./history-batch.ts";
import { createRepair } from "./history-repair.ts";
import { checkFooting } from "./history-stream.ts";
import { toSourceEvent } from "./queue-events.ts";

export interface ReaderOptions {
  redis: Redis;
  blocking: Redis;
  keys: Keys;
  records: Pick<Records, "readMany">;
  queues: readonly string[];
  database: Pick<Database, "db">;
  log: Logger;
  now: () => number;
  signal: AbortSignal;
}

/** Of each stream in one transaction. */
const BATCH = 500;
/** Time for a batch to grow: nobody waits for the history, and a transaction for each event would cost more than the events. */
const LINGER_MS = 50;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

type Entries = [id: string, flat: string[]][];

/**
 * Reads the event streams in strict order, each event applied once however many readers a database has. Where the streams stand is looked up
 * at each turn, so a reader that lost a race, a connection or its memory goes on from what is written.
 */
export function createHistoryReader({
  redis,
  blocking,
  records,
  database,
  log,
  now,
  signal,
  ...options
}: ReaderOptions) {
  const { keys, queues } = options;
  const queueOf = new Map(queues.map((queue) => [keys.events(queue), queue]));
  const repair = createRepair({ redis, keys, records, database, now });
  /** Of streams with a gap, named before the rest of the stream is read. */
  const suspects = new Map<string, string[]>();
  let behindSince: number | undefined = now();

  return {
    /** How long the oldest event that is not written yet has waited, in ms; 0 when there is none. */
    lagMs: (): number => (behindSince === undefined ? 0 : Math.max(0, now() - behindSince)),

    /** Resolves after `signal` fires. While Postgres or Redis is away it tries again, and says so once. */
    async run(): Promise<void> {
      for (let failures = 0; !signal.aborted;) {
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
    const places = await createPlacesTable(database.db).load([...queueOf.keys()]);
    for (const [source, place] of places) await nameSuspects(source, place);
    const streams = [...places.keys()];
    const after = [...places.values()].map(({ place }) => place);
    const fresh = new Map(
      await readStreams({ redis: blocking, streams, after, count: BATCH, signal }),
    );
    const waiting = [...fresh.values()].map((entries) => timeOfStreamId(entries[0]?.[0] ?? ""));
    if (waiting.length > 0) behindSince = Math.min(...waiting);
    for (const [source, place] of places) await follow(source, place, fresh.get(source) ?? []);
    if ([...fresh.values()].every((entries) => entries.length < BATCH)) behindSince = undefined;
    if (waiting.length > 0) await sleep(LINGER_MS, signal);
  }

  async function nameSuspects(source: string, { gapFrom }: Place): Promise<void> {
    if (gapFrom === null) suspects.delete(source);
    else if (!suspects.has(source))
      suspects.set(source, await repair.suspects(queueOf.get(source) ?? "", gapFrom));
  }

  async function follow(source: string, from: Place, entries: Entries): Promise<void> {
    const footing = await checkFooting(redis, source, from.place);
    const gapFrom = from.gapFrom ?? (footing.kind === "firm" ? null : footing.after);
    const last = entries.at(-1)?.[0] ?? from.place;
    const place = footing.kind === "rewound" ? FIRST_PLACE : last;
    if (place !== from.place) {
      if (from.gapFrom === null && gapFrom !== null)
        log.warn({ source, after: gapFrom }, `history: stream was ${footing.kind}`);
      const events =
        footing.kind === "rewound"
          ? []
          : entries.flatMap(([id, flat]) => toSourceEvent(id, flat) ?? []);
      const ours = await records.readMany([...new Set(events.map((event) => event.jobId))]);
      const known = new Map(ours.map((record) => [record.jobId, record]));
      if (!(await apply({ source, from, to: { place, gapFrom }, events, records: known }))) return;
    }
    const isCaughtUp = entries.length < BATCH && footing.kind !== "rewound";
    if (isCaughtUp) await settle(source, { place, gapFrom });
  }

  async function settle(source: string, place: Place): Promise<void> {
    const named = suspects.get(source);
    if (named === undefined || place.gapFrom === null) return;
    await repair.settle(queueOf.get(source) ?? "", place, named);
    log.info({ source, jobs: named.length }, "history: gap closed");
  }

  /** Whoever sends what Postgres cannot hold must not keep the rest from being written: halves, down to the one event that is at fault. */
  async function apply(batch: Batch): Promise<boolean> {
    try {
      return await applyBatch(database.db, batch);
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown;
      if (batch.events.length <= 1) return await bury(batch, thrown);
      const middle = Math.floor(batch.events.length / 2);
      const between = { ...batch.to, place: batch.events[middle - 1]?.ref ?? batch.from.place };
      const first = { ...batch, to: between, events: batch.events.slice(0, middle) };
      const second = { ...batch, from: between, events: batch.events.slice(middle) };
      return (await apply(first)) && (await apply(second));
    }
  }

  async function bury(batch: Batch, err: unknown): Promise<boolean> {
    const event = JSON.stringify(batch.events[0] ?? null);
    log.error(
      { err, source: batch.source, event },
      "history: an event cannot be written; see the dead letters",
    );
    await redis.xadd(
      keys.deadLetters,
      "MAXLEN",
      "~",
      100_000,
      "*",
      "source",
      batch.source,
      "event",
      event,
    );
    return await applyBatch(database.db, { ...batch, events: [] });
  }
}

/** Data that does not fit (22), breaks a constraint (23) or a limit (54): trying again brings the same. */
const isRefused = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  "severity" in thrown &&
  "code" in thrown &&
  /^(?:22|23|54)/.test(String(thrown.code));
