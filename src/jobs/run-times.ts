import { cached } from "../lib/cached.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";

/** A job that ended well: how long its last attempt took, and how large its input was. */
export interface Took {
  bytes: number | null;
  ms: number;
}

/** A job that was started: when, in ms since 1970, and how long it had been in line. */
export interface Waited {
  at: number;
  ms: number;
}

/** How long jobs of one kind took lately, ms. */
export interface Spread {
  median: number;
  /** Nine of ten took no longer. */
  high: number;
  mean: number;
}

export interface Durations {
  /** Of all jobs of the queue; `undefined` before a handful has run. */
  all: Spread | undefined;
  /** Of those with an input of about that size; of all where too few are known. */
  like(bytes: number | null): Spread | undefined;
}

/**
 * What a queue's jobs took lately. It is written by whoever applies the queue's events, at least once for each; what is counted twice or lost when
 * that process dies moves a median little.
 */
export interface RunTimes {
  note(queue: string, runs: { took: Took[]; waited: Waited[] }): Promise<void>;
  /** Read anew when they are older than 2 s: what others took does not change in a moment. */
  durations(queue: string): Promise<Durations>;
  /** How many jobs started in the last 15 minutes, and how long they had waited together. */
  waits(queue: string): Promise<{ count: number; totalMs: number }>;
}

export interface RunTimesOptions {
  redis: RedisClient;
  keys: Keys;
  now?: () => number;
}

const DURATIONS_TTL_MS = 2000;
const KEPT = 100;
const TTL_MS = 30 * 86_400_000;
const WAIT_MINUTES = 15;
/** Of fewer a median says little. */
const MIN_RUNS = 5;

const noteRuns = loadScript("note-runs");

export function createRunTimes({ redis, keys, now = Date.now }: RunTimesOptions): RunTimes {
  const read = async (queue: string) => toDurations(await redis.hgetall(keys.durations(queue)));

  return {
    async note(queue, { took, waited }) {
      if (took.length + waited.length === 0) return;
      const triples = [
        ...took.flatMap(({ bytes, ms }) => ["took", sizeClass(bytes), Math.round(ms)]),
        ...waited.flatMap(({ at, ms }) => ["waited", minuteOf(at), Math.round(ms)]),
      ];
      const lists = [keys.durations(queue), keys.waits(queue)];
      await noteRuns.run(redis, lists, [KEPT, TTL_MS, WAIT_MINUTES, ...triples]);
    },
    durations: cached(DURATIONS_TTL_MS, read, now),
    async waits(queue) {
      const fields = await redis.hgetall(keys.waits(queue));
      const newest = minuteOf(now());
      let count = 0;
      let totalMs = 0;
      for (let minute = newest - WAIT_MINUTES + 1; minute <= newest; minute += 1) {
        count += Number(fields[`${minute}:n`] ?? 0);
        totalMs += Number(fields[`${minute}:ms`] ?? 0);
      }
      return { count, totalMs };
    },
  };
}

const minuteOf = (at: number): number => Math.floor(at / 60_000);

/** A class holds inputs up to four times as large as its smallest. */
export const sizeClass = (bytes: number | null): string =>
  bytes === null ? "unknown" : `${Math.floor(Math.log2(Math.max(bytes, 1)) / 2)}`;

function toDurations(fields: Record<string, string>): Durations {
  const spreads = new Map<string, Spread>();
  for (const [name, text] of Object.entries(fields)) {
    const spread = toSpread(text.split(" ").map(Number));
    if (spread !== undefined) spreads.set(name, spread);
  }
  const all = spreads.get("all");
  return { all, like: (bytes) => spreads.get(sizeClass(bytes)) ?? all };
}

export function toSpread(times: number[]): Spread | undefined {
  if (times.length < MIN_RUNS) return undefined;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  return {
    median: (at(0.5) + (sorted[Math.ceil(0.5 * (sorted.length - 1))] ?? 0)) / 2,
    high: at(0.9),
    mean,
  };
}
