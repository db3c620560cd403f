import type { Fault } from "../scene.ts";
import type { RedisKind } from "../world/redis-set.ts";
import { BURDEN_FAULTS } from "./burdens.ts";
import { CROWD_FAULTS } from "./crowd.ts";
import { DISK_FAULTS } from "./disk.ts";
import { together } from "./mixed.ts";
import { PROCESS_FAULTS } from "./processes.ts";
import { REDIS_FAULTS } from "./redis.ts";
import { SERVER_FAULTS } from "./servers.ts";

/** In the order of a run. */
export const FAULTS: readonly Fault[] = [
  ...PROCESS_FAULTS,
  ...REDIS_FAULTS,
  ...SERVER_FAULTS,
  ...CROWD_FAULTS,
  ...BURDEN_FAULTS,
  ...DISK_FAULTS,
];

/**
 * Those that can happen to such a Redis: whose names begin so, in the order given, and as one those that a `+` joins; all without any. Throws an error that
 * names what is unknown.
 */
export function chooseFaults(only: readonly string[], redis: RedisKind): readonly Fault[] {
  const possible = FAULTS.filter(({ needs = redis }) => needs === redis);
  if (only.length === 0) return possible;
  return only.flatMap((name) => {
    const parts = name.split("+").map((start) => beginningWith(start, possible));
    return parts.length === 1 ? parts.flat() : [together(parts.flat(), [])];
  });
}

function beginningWith(start: string, faults: readonly Fault[]): Fault[] {
  const chosen = faults.filter(({ name }) => name.startsWith(start));
  if (chosen.length > 0) return chosen;
  throw new Error(`No fault ${start}. There are: ${faults.map(({ name }) => name).join(", ")}`);
}
