import type { Cursor } from "../contract/cursor.ts";
import type { Audience } from "../contract/names.ts";
import type { RedisClient } from "./connect.ts";
import type { Keys } from "./keys.ts";

/**
 * Where a feed stands, `undefined` for one that was never joined or written. Begins nothing and keeps nothing from expiring. Its commands are sent
 * before it returns: what is sent next on the connection is answered with a state that is not older.
 */
export async function readFeedHead(
  redis: RedisClient,
  keys: Keys,
  { partition, audience }: { partition: number; audience: Audience },
): Promise<Cursor | undefined> {
  const [generation, meta] = await Promise.all([
    redis.hget(keys.partition(partition), "generation"),
    redis.hmget(keys.meta(partition, audience), "epoch", "seq"),
  ]);
  return toFeedHead(generation, meta);
}

/** Of the partition's `generation`, and `epoch` and `seq` of the feed's meta, as Redis or a script answers them. */
export function toFeedHead(generation: unknown, meta: unknown): Cursor | undefined {
  const [epoch, seq] = Array.isArray(meta) ? meta : [];
  if (typeof generation !== "string" || typeof epoch !== "string") return undefined;
  return { epoch: `${generation}.${epoch}`, seq: Number(seq ?? 0) };
}
