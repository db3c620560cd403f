import { type Batch, countsOf } from "../contract/batch.ts";
import { JOB_STATUSES } from "../contract/job.ts";
import type { Audience } from "../contract/names.ts";
import type { BatchRecord } from "../db/batches-table.ts";
import type { RedisClient } from "../redis/connect.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import { patiently } from "./patience.ts";

/**
 * What Redis knows of an owner's batches: of all that are open, and for a while of those that finished. Counted by whoever tells the feed of a job, in
 * the same step. Each call waits 3 s for Redis at most, then fails with `unavailable`.
 */
export interface BatchStates {
  /** Before its jobs exist; once for a batch, however often it is called. */
  open(owner: Audience, batch: BatchRecord, jobIds: string[]): Promise<void>;
  read(owner: Audience, batchId: string): Promise<Batch | undefined>;
  /** Of a batch that is known here; in any order. */
  jobIds(owner: Audience, batchId: string): Promise<string[]>;
  /** The opposite of `open`, for what did not come to be. */
  forget(owner: Audience, batchId: string): Promise<void>;
}

interface BatchStatesDeps {
  redis: RedisClient;
  keys: Keys;
  partitions: number;
}

const FIELDS = ["head", "total", "sum", "finishedAt", ...JOB_STATUSES];
const JOB_FIELD = "job:";

export function createBatchStates({ redis, keys, partitions }: BatchStatesDeps): BatchStates {
  const openBatch = loadScript("open-batch");
  const keyOf = (owner: Audience, batchId: string) =>
    keys.batch(partitionOf(owner, partitions), owner, batchId);

  return {
    async open(owner, batch, jobIds) {
      const head = JSON.stringify(batch).slice(0, -1);
      const args = [batch.batchId, head, ...jobIds];
      await patiently(() => openBatch.run(redis, [keyOf(owner, batch.batchId)], args));
    },
    async read(owner, batchId) {
      const values = await patiently(() => redis.hmget(keyOf(owner, batchId), ...FIELDS));
      return toBatch(values);
    },
    async jobIds(owner, batchId) {
      const fields = await patiently(() => redis.hkeys(keyOf(owner, batchId)));
      return fields
        .filter((field) => field.startsWith(JOB_FIELD))
        .map((field) => field.slice(JOB_FIELD.length));
    },
    async forget(owner, batchId) {
      await patiently(() => redis.del(keyOf(owner, batchId)));
    },
  };
}

/** As `append.lua` shows it. */
function toBatch(values: (string | null)[]): Batch | undefined {
  const [head, total, sum, finishedAt = null, ...counts] = values;
  if (typeof head !== "string") return undefined;
  const record: BatchRecord = JSON.parse(`${head}}`);
  return {
    ...record,
    counts: countsOf(
      Object.fromEntries(JOB_STATUSES.map((status, i) => [status, Number(counts[i] ?? 0)])),
    ),
    progress: Math.floor(Number(sum) / Number(total)) / 10,
    status: finishedAt === null ? "open" : "finished",
    finishedAt,
  };
}
