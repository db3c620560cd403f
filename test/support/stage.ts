import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type Processor, Worker, type WorkerOptions } from "bullmq";
import type { Redis } from "ioredis";
import { pino } from "pino";
import { queueName } from "../../src/contract/names.ts";
import type { WorkData } from "../../src/contract/worker.ts";
import { type Continuity, createWriter, type Writer } from "../../src/feeds/append.ts";
import { createFeeds, type Feeds, type FeedsOptions } from "../../src/feeds/feeds.ts";
import { createFeedReader, type FeedReader } from "../../src/feeds/read.ts";
import { openQueues, type Queues } from "../../src/jobs/queues.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { createRecords, type Records } from "../../src/jobs/records.ts";
import { createSnapshots, type Snapshots } from "../../src/jobs/snapshots.ts";
import type { Lease } from "../../src/recorder/lease.ts";
import {
  createRecorder,
  type Recorder,
  type RecorderOptions,
} from "../../src/recorder/recorder.ts";
import {
  openRedis,
  openStrictRedis,
  type RedisClient,
  openReader,
} from "../../src/redis/connect.ts";
import { createKeys, type Keys } from "../../src/redis/keys.ts";
import { openReaders } from "../../src/redis/stream-readers.ts";
import type { RedisTarget } from "../../src/redis/target.ts";
import { record } from "./jobs.ts";

export const PARTITIONS = 4;
/** The queue that the jobs of these tests wait in. */
export const QUEUE = queueName("image", "normal");

export const silent = pino({ level: "silent" });
export const sign = (key: string) => ({
  url: `/files/${key}`,
  expiresAt: "2026-01-01T00:00:00.000Z",
});
export const fearless: Continuity = {
  ensure: async () => undefined,
  note: () => undefined,
  mark: () => "",
  doubt: () => undefined,
};

/** The parts of one installation, on one Redis; closed in reverse order. */
export interface Stage<Client extends RedisClient = Redis> {
  /** Empty where Redis is more than one server. */
  url: string;
  redis: Client;
  keys: Keys;
  queues: Queues;
  records: Records;
  snapshots: Snapshots;
  reader: FeedReader;
  writer: Writer;
  writerOn(redis: RedisClient): Writer;
  /** A gateway's feeds that hear everything said from now on. */
  node(options?: StageNodeOptions): Promise<Feeds>;
  recorder(options?: Partial<RecorderOptions>): Recorder;
  /** Accepts a job as a gateway does. */
  submit(fields?: Partial<JobRecord>): Promise<JobRecord>;
  work(
    run: Processor<WorkData>,
    concurrency?: number,
    options?: Partial<WorkerOptions>,
  ): Promise<Worker<WorkData>>;
  connect(name?: string): Client;
  strict(name?: string): Client;
  /** A link that tails can be read on. */
  ear(name?: string): Redis;
  close(): Promise<void>;
}

export interface StageNodeOptions extends Partial<FeedsOptions> {
  /** One connection for all tails. */
  tailRedis?: Redis;
}

export function openStage(url: string, prefix: string): Stage;
export function openStage(target: RedisTarget, prefix: string): Stage<RedisClient>;
export function openStage(target: RedisTarget, prefix: string): Stage<RedisClient> {
  const opened = new AsyncDisposableStack();
  const keys = createKeys(prefix);
  const partitions = PARTITIONS;

  function keep(redis: RedisClient): RedisClient {
    redis.on("error", () => undefined);
    opened.defer(() => redis.disconnect());
    return redis;
  }
  const connect = (name = "test") => keep(openRedis(target, name));
  const strict = (name = "test") => keep(openStrictRedis(target, name));

  const ear = (name = "test") => {
    const reader = openReader(target, keys.tail(0), name);
    keep(reader);
    return reader;
  };

  const writer = (client: RedisClient) =>
    createWriter({
      redis: client,
      keys,
      partitions,
      maxFacts: 10_000,
      ttlHours: 1,
      continuity: fearless,
    });

  const redis = connect();
  const queues = openQueues({ redis: strict(), keys, retentionDays: 1, log: silent });
  opened.defer(() => queues.close());
  const records = createRecords({ redis, keys });
  const snapshots = createSnapshots({ redis, keys, partitions });

  return {
    url: typeof target === "string" ? target : "",
    redis,
    keys,
    queues,
    records,
    snapshots,
    connect,
    strict,
    ear,
    reader: createFeedReader({ redis, keys, partitions }),
    writer: writer(redis),
    writerOn: writer,
    async node({ tailRedis, ...options } = {}) {
      const feeds = createFeeds({
        redis: connect(),
        openReaders: (streams) =>
          tailRedis === undefined
            ? openReaders({ target, name: "tails", onError: () => undefined }, streams)
            : [{ redis: tailRedis, streams }],
        keys,
        partitions,
        toGauge,
        log: silent,
        ...options,
      });
      opened.defer(feeds.close);
      await feeds.ready;
      return feeds;
    },
    recorder(options = {}) {
      const recorder = createRecorder({
        target,
        keys,
        partitions,
        queues: [QUEUE],
        catalog: new Map(),
        holder: randomUUID(),
        maxFacts: 10_000,
        ttlHours: 1,
        retentionDays: 1,
        sign,
        log: silent,
        leaseTtlMs: 1500,
        parkedMs: 500,
        ...options,
      });
      opened.defer(recorder.close);
      return recorder;
    },
    async submit(fields = {}) {
      const job = record({ jobId: randomUUID(), ...fields });
      await Promise.all([records.write(job), snapshots.accept(job)]);
      await queues.add(job, { runBase: 0, retries: 0 });
      return job;
    },
    async work(run, concurrency = 1, options = {}) {
      const worker = new Worker<WorkData>(QUEUE, run, {
        connection: connect(),
        prefix: keys.bull(QUEUE),
        concurrency,
        ...options,
      });
      worker.on("error", () => undefined);
      opened.defer(() => worker.close(true));
      await worker.waitUntilReady();
      return worker;
    },
    close: () => opened.disposeAsync(),
  };
}

export function toGauge(snapshot: string): { jobId: string; data: string } {
  const { job } = JSON.parse(snapshot);
  return { jobId: job.jobId, data: JSON.stringify(job) };
}

/** The right to read a source, as nobody contests it. */
export const leaseOf = (source: string, signal = new AbortController().signal): Lease => ({
  source,
  holder: "test",
  fence: 1,
  signal,
});

/** Closes a connection until the test opens it again. */
export async function hangUp(redis: Redis): Promise<void> {
  const ended = once(redis, "end");
  redis.disconnect();
  await ended;
}

/** Cuts connections by their names, as a network does; resolves to how many there were. */
export async function cut(redis: Redis, name: string): Promise<number> {
  const ids = await clientsOf(redis, name);
  for (const id of ids) await redis.client("KILL", "ID", id);
  return ids.length;
}

/** Ids of the connections of a name. */
export async function clientsOf(redis: Redis, name: string): Promise<string[]> {
  const clients = String(await redis.client("LIST")).split("\n");
  return clients.flatMap((line) =>
    line.includes(` name=${name} `) ? [/id=(\d+)/.exec(line)?.[1] ?? ""] : [],
  );
}
