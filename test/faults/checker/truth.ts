import { LANES } from "../../../src/contract/job.ts";
import { queueName, userAudience } from "../../../src/contract/names.ts";
import type { RedisClient } from "../../../src/redis/connect.ts";
import { type Keys, partitionOf } from "../../../src/redis/keys.ts";
import { fromPairs } from "../../../src/lib/array.ts";
import type { QueueState } from "./jobs.ts";
import type { FeedFacts } from "./place.ts";

export interface TruthOptions {
  redis: RedisClient;
  keys: Keys;
  partitions: number;
}

/** Where the feeds of the users stand. */
export async function readHeads(
  { redis, keys, partitions }: TruthOptions,
  userIds: readonly string[],
): Promise<FeedFacts["head"][]> {
  const heads = userIds.map(async (userId) => {
    const feed = userAudience(userId);
    const partition = partitionOf(feed, partitions);
    const [generation, [epoch, seq]] = await Promise.all([
      redis.hget(keys.partition(partition), "generation"),
      redis.hmget(keys.meta(partition, feed), "epoch", "seq"),
    ]);
    return { epoch: `${generation}.${epoch}`, seq: Number(seq ?? 0) };
  });
  return await Promise.all(heads);
}

/** What a feed holds. */
export async function readFeed(options: TruthOptions, userId: string): Promise<FeedFacts> {
  const { redis, keys, partitions } = options;
  const feed = userAudience(userId);
  const [head = { epoch: "", seq: 0 }] = await readHeads(options, [userId]);
  const log = await redis.xrange(keys.log(partitionOf(feed, partitions), feed), "-", "+");
  const facts = log.map(([id, flat]) => {
    const { e, j } = fromPairs(flat);
    return [Number(id.split("-")[0]), `${e} ${j}`] as const;
  });
  return { feed, head, facts: new Map(facts) };
}

/** Of the jobs that the load sends. */
export const TYPES = ["paced", "image"];

/** All jobs that the queues hold. */
export async function readQueues({
  redis,
  keys,
}: TruthOptions): Promise<ReadonlyMap<string, QueueState>> {
  const found = new Map<string, QueueState>();
  for (const queue of TYPES.flatMap((type) => LANES.map((lane) => queueName(type, lane)))) {
    const key = (name: string) => keys.bullKey(queue, name);
    const lists = await Promise.all(
      ["wait", "active"].map((name) => redis.lrange(key(name), "0", "-1")),
    );
    const sets = ["prioritized", "delayed"];
    const sorted = await Promise.all(sets.map((name) => redis.zrange(key(name), "0", "-1")));
    for (const job of [...lists, ...sorted].flat()) found.set(job, "open");
    for (const job of await redis.zrange(key("completed"), "0", "-1")) found.set(job, "completed");
    for (const job of await redis.zrange(key("failed"), "0", "-1")) found.set(job, "failed");
  }
  return found;
}
