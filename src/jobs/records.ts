import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import { patiently } from "./patience.ts";
import type { JobRecord } from "./record.ts";

/** A job's record, with how often it was retried by hand. */
export interface RecordedJob {
  record: JobRecord;
  retries: number;
}

/** What is written down of a job before it exists; each call waits 3 s for Redis at most, then fails with `unavailable`. */
export interface Records {
  write(record: JobRecord): Promise<void>;
  read(jobId: string): Promise<RecordedJob | undefined>;
  /** In any order; those that are not there are left out. */
  readMany(jobIds: string[]): Promise<JobRecord[]>;
  remove(jobId: string): Promise<void>;
  /** Counts a retry by hand and drops a cancel request; `undefined` when somebody else was first. */
  countRetry(entry: RecordedJob): Promise<number | undefined>;
  /** Whether a retry beyond these was counted less than a minute ago: it may not have put the job in line yet. */
  isRetriedSince(entry: RecordedJob): Promise<boolean>;
  /** Holds until the next retry: a worker that starts the job finds it, one that runs it is told. */
  askCancel(jobId: string): Promise<void>;
  /** Whether a cancel was asked for since the last retry. */
  isCancelAsked(entry: RecordedJob): Promise<boolean>;
}

/** More than it takes to have thousands of followers wait again; those of a retry that was broken off end after it. */
const RETRY_MS = 60_000;

export function createRecords({ redis, keys }: { redis: RedisClient; keys: Keys }): Records {
  const countRetry = loadScript("count-retry");
  const askCancel = loadScript("ask-cancel");
  return {
    async write(record) {
      await patiently(() => redis.hset(keys.job(record.jobId), "record", JSON.stringify(record)));
    },
    async read(jobId) {
      const [record, retries] = await patiently(() =>
        redis.hmget(keys.job(jobId), "record", "retries"),
      );
      if (typeof record !== "string") return undefined;
      return { record: parseRecord(record), retries: Number(retries ?? 0) };
    },
    async readMany(jobIds) {
      const texts = await patiently(() =>
        Promise.all(jobIds.map((id) => redis.hget(keys.job(id), "record"))),
      );
      return texts.filter((text) => text !== null).map(parseRecord);
    },
    async remove(jobId) {
      await patiently(() => redis.del(keys.job(jobId)));
    },
    async countRetry({ record, retries }) {
      const count = Number(await countRetry.run(redis, [keys.job(record.jobId)], [retries]));
      return count === 0 ? undefined : count;
    },
    async isRetriedSince({ record, retries }) {
      const [[count, retriedAt], [seconds]] = await patiently(() =>
        Promise.all([redis.hmget(keys.job(record.jobId), "retries", "retriedAt"), redis.time()]),
      );
      return Number(count) > retries && Number(seconds) * 1000 - Number(retriedAt) < RETRY_MS;
    },
    async askCancel(jobId) {
      await patiently(() => askCancel.run(redis, [keys.job(jobId)], []));
      await patiently(() => redis.publish(keys.cancelChannel, jobId));
    },
    async isCancelAsked({ record, retries }) {
      const asked = await patiently(() => redis.hget(keys.job(record.jobId), "cancel"));
      return asked !== null && Number(asked) >= retries;
    },
  };
}

/** Nobody but Jobcast writes records, so their shape is not checked again. */
export const parseRecord = (text: string): JobRecord => JSON.parse(text);
