import { type Audience, isAudience } from "../contract/names.ts";
import { newEpoch } from "../feeds/append.ts";
import type { Logger } from "../lib/logger.ts";
import type { RedisClient } from "../redis/connect.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import type { Told } from "./entries.ts";

/** So that one audience which cannot be written does not hold up the others. */
export interface Parking {
  isParked(audience: Audience): boolean;
  /** Audiences set aside now: each is somebody who hears nothing, which whoever operates this should know. */
  readonly size: number;
  /** Sets the audience aside: its events go to the dead letters, and its epoch is raised, so that its clients fetch the state. */
  park(audience: Audience, source: string, told: Told[], reason: unknown): Promise<void>;
  put(audience: Audience, source: string, told: Told[]): Promise<void>;
  /** Takes over what an earlier reader of the source had set aside. */
  adopt(source: string): Promise<void>;
  /** The opposite of `adopt`, for a source that is no longer read here. */
  forget(source: string): void;
  /**
   * Lets audiences back in whose time is up, when `readAgain` has moved the source back to the first event (ms since 1970) that they were not told.
   * What the others were told already is refused by their refs.
   */
  release(source: string, readAgain: (from: number) => Promise<void>): Promise<void>;
}

export interface ParkingOptions {
  redis: RedisClient;
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

const fieldOf = (source: string, audience: Audience): string => `${source}\n${audience}`;

export function createParking({
  redis,
  keys,
  partitions,
  log,
  parkedMs = PARKED_MS,
}: ParkingOptions): Parking {
  const parked = new Map<Audience, Parked>();

  function setAside(audience: Audience, source: string, from: number): void {
    const place = parked.get(audience) ?? { until: Date.now() + parkedMs, from: new Map() };
    if (!place.from.has(source)) place.from.set(source, from);
    parked.set(audience, place);
  }

  async function put(audience: Audience, source: string, told: Told[]): Promise<void> {
    const first = told[0]?.event.at ?? Date.now();
    // Before the place of the source moves on, and where a successor finds it: only the first one counts.
    await redis.hsetnx(keys.parked, fieldOf(source, audience), first);
    for (const { event } of told) {
      const fields = ["audience", audience, "source", source, "event", JSON.stringify(event)];
      await redis.xadd(keys.deadLetters, "MAXLEN", "~", MAX_DEAD_LETTERS, "*", ...fields);
    }
    setAside(audience, source, first);
  }

  return {
    isParked: (audience) => parked.has(audience),
    get size() {
      return parked.size;
    },
    async park(audience, source, told, reason) {
      log.error(
        { err: reason, audience, events: told.length },
        "recorder: an audience was set aside; see the dead letters",
      );
      await put(audience, source, told);
      const meta = keys.meta(partitionOf(audience, partitions), audience);
      await redis.hset(meta, "epoch", newEpoch()).catch(() => undefined);
    },
    put,
    async adopt(source) {
      for (const [field, from] of Object.entries(await redis.hgetall(keys.parked))) {
        const [owner, audience = ""] = field.split("\n", 2);
        if (owner === source && isAudience(audience)) setAside(audience, source, Number(from));
      }
    },
    forget(source) {
      for (const [audience, { from }] of parked) {
        from.delete(source);
        if (from.size === 0) parked.delete(audience);
      }
    },
    async release(source, readAgain) {
      const due = [...parked].filter(
        ([, { until, from }]) => until <= Date.now() && from.has(source),
      );
      if (due.length === 0) return;
      await readAgain(Math.min(...due.map(([, { from }]) => from.get(source) ?? Date.now())));
      await redis.hdel(keys.parked, ...due.map(([audience]) => fieldOf(source, audience)));
      for (const [audience, { from }] of due) {
        from.delete(source);
        if (from.size === 0) parked.delete(audience);
      }
    },
  };
}
