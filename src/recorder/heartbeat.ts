import { type Continuity, newGeneration, whole } from "../feeds/append.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import { FencedError, type Lease } from "./lease.ts";

/** A node that was away for longer reads the logs instead. */
export const TAIL_TTL_MS = 60_000;
/** Of one partition: a flood is cut here before it fills Redis. */
const TAIL_MAX_BYTES = 64 * 1024 * 1024;

const script = loadScript("heartbeat");

export interface HeartbeatDeps {
  redis: RedisClient;
  keys: Keys;
  partitions: number;
  continuity: Continuity;
  /** Of one partition's tail. */
  maxBytes?: number;
}

/** A generation of a partition whose losses nobody has made up for yet. */
export interface Unsettled {
  partition: number;
  generation: string;
}

/** Beats once in every partition's tail, and trims it. Resolves to the partitions that have lost something. */
export async function beat(lease: Lease, deps: HeartbeatDeps): Promise<Unsettled[]> {
  const { redis, keys, partitions, continuity, maxBytes = TAIL_MAX_BYTES } = deps;
  const args = [lease.fence, lease.holder, TAIL_TTL_MS, maxBytes, newGeneration()];
  const beats = await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const keyList = [keys.tail(partition), keys.partition(partition)];
      const reply = await whole(continuity, lease.signal, () =>
        script.run(redis, keyList, [...args, continuity.mark(partition)]),
      );
      const [outcome, value = "", generation = "", settled] = Array.isArray(reply)
        ? reply.map(String)
        : [];
      if (outcome === "fenced") throw new FencedError(Number(value));
      continuity.note(partition, value, generation);
      return settled === generation ? [] : [{ partition, generation }];
    }),
  );
  return beats.flat();
}
