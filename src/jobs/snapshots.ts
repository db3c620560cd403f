import type { Redis } from "ioredis";
import type { Audience } from "../contract/names.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import { patiently } from "./patience.ts";
import type { JobSnapshot } from "./snapshot.ts";

/** The newest that Redis knows of an audience's jobs. Each call waits 3 s for Redis at most, then fails with `unavailable`. */
export interface Snapshots {
  read(audience: Audience, jobId: string): Promise<JobSnapshot | undefined>;
  /** In any order; those that are not there are left out. */
  readMany(audience: Audience, jobIds: string[]): Promise<JobSnapshot[]>;
  /** Ids of open jobs, newest first. */
  openIds(audience: Audience, limit: number): Promise<string[]>;
  /** Ids of jobs that ended after `since` (ms since 1970), latest first. */
  doneIds(audience: Audience, since: number, limit: number): Promise<string[]>;
  /** Ids of accepted jobs of which no snapshot was made yet, newest first. */
  acceptedIds(audience: Audience, limit: number): Promise<string[]>;
  /** Ids of those accepted before `time` (ms since 1970); at most 100. */
  acceptedBefore(audience: Audience, time: number): Promise<string[]>;
  /** How many jobs are open or accepted. */
  countOpen(audience: Audience): Promise<number>;
  accept(audience: Audience, jobId: string, at: number): Promise<void>;
  /** The opposite of `accept`, for what did not come to be. */
  forget(audience: Audience, jobId: string): Promise<void>;
}

interface SnapshotsDeps {
  redis: Redis;
  keys: Keys;
  partitions: number;
}

export function createSnapshots({ redis, keys, partitions }: SnapshotsDeps): Snapshots {
  type KeyOf = (partition: number, audience: Audience) => string;
  const at = (keyOf: KeyOf, audience: Audience) =>
    keyOf(partitionOf(audience, partitions), audience);
  const newest = (keyOf: KeyOf, audience: Audience, limit: number) =>
    patiently(() => redis.zrevrange(at(keyOf, audience), 0, limit - 1));

  return {
    async read(audience, jobId) {
      const text = await patiently(() => redis.hget(at(keys.jobs, audience), jobId));
      return text === null ? undefined : parseSnapshot(text);
    },
    async readMany(audience, jobIds) {
      if (jobIds.length === 0) return [];
      const texts = await patiently(() => redis.hmget(at(keys.jobs, audience), ...jobIds));
      return texts.filter((text) => text !== null).map(parseSnapshot);
    },
    openIds: (audience, limit) => newest(keys.openJobs, audience, limit),
    acceptedIds: (audience, limit) => newest(keys.accepted, audience, limit),
    acceptedBefore: (audience, time) =>
      patiently(() =>
        redis.zrangebyscore(at(keys.accepted, audience), "-inf", time, "LIMIT", 0, 100),
      ),
    doneIds: (audience, since, limit) =>
      patiently(() =>
        redis.zrevrangebyscore(at(keys.doneJobs, audience), "+inf", since, "LIMIT", 0, limit),
      ),
    async countOpen(audience) {
      const counts = [keys.openJobs, keys.accepted].map((keyOf) =>
        patiently(() => redis.zcard(at(keyOf, audience))),
      );
      const [open = 0, accepted = 0] = await Promise.all(counts);
      return open + accepted;
    },
    async accept(audience, jobId, now) {
      await patiently(() => redis.zadd(at(keys.accepted, audience), now, jobId));
    },
    async forget(audience, jobId) {
      await patiently(() => redis.zrem(at(keys.accepted, audience), jobId));
    },
  };
}

/** Nobody but the recorder writes snapshots, so their shape is not checked again. */
const parseSnapshot = (text: string): JobSnapshot => JSON.parse(text);
