import { Cluster, type Redis } from "ioredis";
import type { RedisClient } from "./connect.ts";

/** The servers that take writes: one, or all primaries of a cluster. */
export const primariesOf = (redis: RedisClient): Redis[] =>
  redis instanceof Cluster ? redis.nodes("master") : [redis];

export type Command = readonly [name: string, key: string, ...args: (string | number)[]];

/** Sends commands of any keys at once; resolves to their answers in order, and fails with the first error among them. */
export async function sendAll(
  redis: RedisClient,
  commands: readonly Command[],
): Promise<unknown[]> {
  // A pipeline is for one server; and of commands that were sent one by one each finds its own way while slots move.
  if (redis instanceof Cluster)
    return await Promise.all(commands.map(([name, ...args]) => redis.call(name, ...args)));
  const replies = (await redis.pipeline(commands.map((command) => [...command])).exec()) ?? [];
  return replies.map(([error, value]) => {
    if (error) throw error;
    return value;
  });
}

/** Keys that match, each at least once, in portions; a portion is read when the last one is done with. */
export async function* scanKeys(
  redis: RedisClient,
  pattern: string,
  count: number,
): AsyncGenerator<string[]> {
  for (const primary of primariesOf(redis)) {
    let cursor = "0";
    do {
      const [next, found] = await primary.scan(cursor, "MATCH", pattern, "COUNT", count);
      yield found;
      cursor = next;
    } while (cursor !== "0");
  }
}
