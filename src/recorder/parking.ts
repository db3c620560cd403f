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
  park(audience: Audience, told: Told[], reason: unknown): Promise<void>;
  put(audience: Audience, told: Told[]): Promise<void>;
}

/** Tries again after this long: whatever was wrong may have been mended. */
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
}: {
  redis: Redis;
  keys: Keys;
  partitions: number;
  log: Logger;
}): Parking {
  const until = new Map<Audience, number>();

  async function put(audience: Audience, told: Told[]): Promise<void> {
    for (const { event } of told) {
      await redis.xadd(
        keys.deadLetters,
        "MAXLEN",
        "~",
        MAX_DEAD_LETTERS,
        "*",
        "audience",
        audience,
        "event",
        JSON.stringify(event),
      );
    }
  }

  return {
    isParked: (audience) => (until.get(audience) ?? 0) > Date.now(),
    async park(audience, told, reason) {
      log.error(
        { err: reason, audience, events: told.length },
        "recorder: an audience was set aside; see the dead letters",
      );
      await put(audience, told);
      const meta = keys.meta(partitionOf(audience, partitions), audience);
      await redis.hset(meta, "epoch", newEpoch()).catch(() => undefined);
      until.set(audience, Date.now() + PARKED_MS);
    },
    put,
  };
}
