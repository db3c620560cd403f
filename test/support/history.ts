import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { vi } from "vitest";
import { queueName } from "../../src/contract/names.ts";
import type { Database } from "../../src/db/database.ts";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { createHistory, type History, type HistoryOptions } from "../../src/recorder/history.ts";
import { openReader, openRedis } from "../../src/redis/connect.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { silent, test as base } from "./databases.ts";
import { record } from "./jobs.ts";

export const QUEUE = queueName("image", "normal");

/** A queue with one worker, whose jobs do what their data says. */
function createSite(redis: Redis, redisUrl: string, prefix: string) {
  const keys = createKeys(prefix);
  const connection = openRedis(redisUrl, "test");
  const blocking = openRedis(redisUrl, "test-worker");
  const options = { connection, prefix: keys.bull(QUEUE) };
  const queue = new Queue(QUEUE, options);
  const worker = new Worker(
    QUEUE,
    async (job) => {
      const run = job.attemptsStarted;
      await job.updateProgress({ run, percent: 50, step: "half" });
      if (job.data.result !== undefined) return job.data.result;
      const error = { code: "internal", message: "No luck" };
      if (run < (job.opts.attempts ?? 1))
        await job.updateProgress({ run, percent: 50, step: null, error });
      throw new Error(JSON.stringify({ ...error, run }));
    },
    { ...options, connection: blocking, autorun: false, concurrency: 5 },
  );
  worker.on("error", () => {});
  let added = 0;
  return {
    keys,
    queue,
    work: () => void worker.run(),
    async add(result?: unknown, fields: Partial<JobRecord> = {}, attempts = 1): Promise<string> {
      const jobId = `${prefix}-${(added += 1)}`;
      const createdAt = new Date().toISOString();
      await redis.hset(
        keys.job(jobId),
        "record",
        JSON.stringify(record({ jobId, createdAt, maxAttempts: attempts, ...fields })),
      );
      const data = { result, input: { data: {} }, options: {}, runBase: 0, retries: 0 };
      await queue.add("image", data, { jobId, attempts });
      return jobId;
    },
    async close() {
      await worker.close(true);
      await queue.close();
      connection.disconnect();
      blocking.disconnect();
    },
  };
}

/** Histories of a queue that really works, closed with the test. */
export const test = base
  .extend("site", async ({ redis, redisUrl, prefix }, { onCleanup }) => {
    const site = createSite(redis, redisUrl, prefix);
    onCleanup(() => site.close());
    return site;
  })
  .extend("start", async ({ redis, redisUrl, site }, { onCleanup }) => {
    const started: History[] = [];
    onCleanup(async () => {
      await Promise.all(started.map((history) => history.close()));
    });
    return (
      database: Database,
      options: Partial<Pick<HistoryOptions, "log" | "now" | "store">> = {},
    ): History => {
      const { keys } = site;
      const blocking = openReader(redisUrl, keys.events(QUEUE), "test-history");
      blocking.on("error", () => {});
      const history = createHistory({
        redis,
        openReaders: (streams) => [{ redis: blocking, streams }],
        keys,
        queues: [QUEUE],
        database,
        store: { remove: async () => {} },
        retentionDays: 30,
        log: silent,
        ...options,
      });
      started.push(history);
      return history;
    };
  });

export const find = async (database: Database, jobId: string) =>
  (await createJobsTable(database.db).find(jobId))?.snapshot.job;

export const untilStatus = (database: Database, jobId: string, status: string): Promise<void> =>
  vi.waitFor(
    async () => {
      const found = (await find(database, jobId))?.status;
      if (found !== status) throw new Error(`${jobId} is ${found}, not ${status}`);
    },
    { timeout: 20_000, interval: 20 },
  );
