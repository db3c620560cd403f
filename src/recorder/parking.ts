import type { Redis } from "ioredis";
import type { Audience } from "../contract/names.ts";
import { newEpoch } from "../feeds/append.ts";
import type { Logger } from "../lib/logger.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import type { Told } from "./entries.ts";

/** So that one audience which cannot be written does not hold up the others. */
export interface Parking {
  isParked(audience: Audience): boolean;
  /** Sets the audience aside: its events go to the dead letters, and its epoch is raised, so that its clients fetch the state. */
  park(audience: Audience, source: string, told: Told[], reason: unknown): Promise<void>;
  put(audience: Audience, source: string, told: Told[]): Promise<void>;
  /**
   * Lets audiences back in whose time is up. Answers with the time (ms since 1970) from which the source is to be read again for their sake; what
   * the others were told already is refused by their refs.
   */
  release(source: string): number | undefined;
}

export interface ParkingOptions {
  redis: Redis;
  keys: Keys;
  partitions: number;
  log: Logger;
  /** After this long it is tried again: whatever was wrong may have been mended. 60,000. */
  parkedMs?: number;
}

interface Parked {
  until: number;
  /** The first event set aside, by source, in ms since 1970. */
  from: Map<string, number>;
}

const PARKED_MS = 60_000;
const MAX_DEAD_LETTERS = 100_000;

/** Redis takes no writes for a while, whoever they are for: it is full, failing over, or loading. Redis 6.2 puts the word into an `ERR` of the script. */
const PASSING =
  /\b(READONLY|OOM|MISCONF|NOREPLICAS|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY)\b/;

/** Redis understood the write and refused it for what it found; trying again at once brings the same. */
export const isLasting = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  /^(WRONGTYPE|ERR) /.test(thrown.message) &&
  !PASSING.test(thrown.message);

export function createParking({
  redis,
  keys,
  partitions,
  log,
  parkedMs = PARKED_MS,
}: ParkingOptions): Parking {
  const parked = new Map<Audience, Parked>();

  async function put(audience: Audience, source: string, told: Told[]): Promise<void> {
    for (const { event } of told) {
      const fields = ["audience", audience, "source", source, "event", JSON.stringify(event)];
      await redis.xadd(keys.deadLetters, "MAXLEN", "~", MAX_DEAD_LETTERS, "*", ...fields);
    }
    const first = told[0]?.event.at;
    const place = parked.get(audience);
    if (first !== undefined && place?.from.has(source) === false) place.from.set(source, first);
  }

  return {
    isParked: (audience) => parked.has(audience),
    async park(audience, source, told, reason) {
      log.error(
        { err: reason, audience, events: told.length },
        "recorder: an audience was set aside; see the dead letters",
      );
      await put(audience, source, told);
      const meta = keys.meta(partitionOf(audience, partitions), audience);
      await redis.hset(meta, "epoch", newEpoch()).catch(() => undefined);
      const from = new Map([[source, told[0]?.event.at ?? Date.now()]]);
      parked.set(audience, { until: Date.now() + parkedMs, from });
    },
    put,
    release(source) {
      const times: number[] = [];
      for (const [audience, { until, from }] of parked) {
        if (until > Date.now()) continue;
        const time = from.get(source);
        if (time !== undefined) times.push(time);
        from.delete(source);
        if (from.size === 0) parked.delete(audience);
      }
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
