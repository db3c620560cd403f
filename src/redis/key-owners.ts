import { Cluster, Command, type Redis } from "ioredis";
import type { RedisClient } from "./connect.ts";
import type { Keys } from "./keys.ts";

/** Names a primary among those of a connection; of one that is not a cluster's the only one, whichever server that is. */
export const addressOf = (redis: RedisClient, primary: Redis): string =>
  redis instanceof Cluster ? `${primary.options.host}:${primary.options.port}` : "";

/** The address of the primary that has a key, as far as the connection knows. */
export function ownerOf(redis: RedisClient, key: string): string | undefined {
  if (!(redis instanceof Cluster)) return "";
  return redis.slots[new Command("get", [key]).getSlot() ?? 0]?.[0];
}

/** What has to be written to ask the replicas of whoever has these keys: in a cluster something in the slot of each, so that it goes where they did. */
export function markersOf(redis: RedisClient, keys: Keys, written: Iterable<string>): Set<string> {
  const slots = redis instanceof Cluster ? Array.from(written) : [keys.installation];
  return new Set(slots.map(keys.caughtUp));
}

/** Whatever it was before: a replica that has taken over goes by its old part for a while. */
export const primaryAt = (redis: RedisClient, address: string): Redis | undefined =>
  (redis instanceof Cluster ? redis.nodes("all") : [redis]).find(
    (node) => addressOf(redis, node) === address,
  );
