import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";

/** A queue at one instant, with where some of its jobs stand. */
export interface Standing {
  waiting: number;
  active: number;
  isPaused: boolean;
  /** For how long a rate limit holds, ms. */
  limitedMs: number;
  /** By job; of those that are not asked for nothing is said. */
  places: Map<string, Place>;
}

export interface Place {
  /** 1 = next; `undefined` when it is not in line. */
  position: number | undefined;
  /** When its delay is over, ms since 1970; `undefined` when it is not delayed. */
  dueAt: number | undefined;
}

/** Exact, in one call for a queue and any number of its jobs. */
export type ReadStanding = (queue: string, jobIds: string[]) => Promise<Standing>;

const positions = loadScript("positions");

export function createReadStanding({
  redis,
  keys,
}: {
  redis: RedisClient;
  keys: Keys;
}): ReadStanding {
  return async (queue, jobIds) => {
    const { wait, active, prioritized, delayed, meta, limiter } = keys.line(queue);
    const lists = [wait, active, prioritized, delayed, meta, limiter];
    const reply = await positions.run(redis, lists, jobIds);
    const numbers = Array.isArray(reply) ? reply.map(Number) : [];
    const [waiting = 0, isActive = 0, isPaused = 0, limitedMs = 0, ...rest] = numbers;
    const places = new Map<string, Place>();
    for (const [i, jobId] of jobIds.entries()) {
      places.set(jobId, {
        position: rest[2 * i] || undefined,
        dueAt: rest[2 * i + 1] || undefined,
      });
    }
    return { waiting, active: isActive, isPaused: isPaused === 1, limitedMs, places };
  };
}
