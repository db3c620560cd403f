import type { Redis } from "ioredis";
import { type Continuity, newGeneration } from "../feeds/append.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import { FencedError, type Lease } from "./lease.ts";

/** A node that was away for longer reads the logs instead. */
export const TAIL_TTL_MS = 60_000;
/** Of one partition: a flood is cut here before it fills Redis. */
const TAIL_MAX_BYTES = 64 * 1024 * 1024;

const script = loadScript("heartbeat");

export interface HeartbeatDeps {
  redis: Redis;
  keys: Keys;
  partitions: number;
  continuity: Continuity;
  /** Of one partition's tail. */
  maxBytes?: number;
}

/** Beats once in every partition's tail, and trims it. */
export async function beat(lease: Lease, deps: HeartbeatDeps): Promise<void> {
  const { redis, keys, partitions, continuity, maxBytes = TAIL_MAX_BYTES } = deps;
  const args = [lease.fence, lease.holder, TAIL_TTL_MS, maxBytes, newGeneration()];
  await continuity.ensure();
  await Promise.all(
    Array.from({ length: partitions }, async (_, partition) => {
      const reply = await script.run(
        redis,
        [keys.tail(partition), keys.partition(partition)],
        args,
      );
      const [outcome, value] = Array.isArray(reply) ? reply.map(String) : [];
      if (outcome === "fenced") throw new FencedError(Number(value));
      if (value !== undefined) continuity.note(partition, value);
    }),
  );
}
