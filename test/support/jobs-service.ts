import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { type Processor, Worker } from "bullmq";
import { pino } from "pino";
import Type from "typebox";
import { queueName } from "../../src/contract/names.ts";
import { isFinal, type JobRequest } from "../../src/contract/job.ts";
import type { Caller } from "../../src/contract/tokens.ts";
import type { WorkData } from "../../src/contract/worker.ts";
import { openDatabase } from "../../src/db/database.ts";
import { createBatchesTable } from "../../src/db/batches-table.ts";
import { createIntentsTable } from "../../src/db/intents-table.ts";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import type { JobType } from "../../src/jobs/catalog.ts";
import { createJobs, type JobsDeps } from "../../src/jobs/create-jobs.ts";
import { openQueues } from "../../src/jobs/queues.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { createRecords } from "../../src/jobs/records.ts";
import type { JobSnapshot } from "../../src/jobs/snapshot.ts";
import { createUploads } from "../../src/jobs/uploads/uploads.ts";
import { openStrictRedis } from "../../src/redis/connect.ts";
import { createKeys, partitionOf } from "../../src/redis/keys.ts";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import { ALONE } from "./alone.ts";
import { test as base } from "./postgres.ts";

export const PARTITIONS = 4;

const image: JobType = {
  type: "image",
  options: Type.Object(
    { width: Type.Optional(Type.Integer({ minimum: 1 })) },
    { additionalProperties: false },
  ),
  accepts: ["file", "url", "files", "data"],
  maxAttempts: 3,
};
const echo: JobType = {
  type: "echo",
  options: Type.Object({}, { additionalProperties: false }),
  accepts: ["data"],
  data: Type.Object({ text: Type.String() }),
  maxAttempts: 1,
};
export const catalog = new Map([image, echo].map((type) => [type.type, type]));

/** A user of the test's own, so that tests share a database without noticing each other. */
export const caller = (fields: Partial<Caller> = {}): Caller => ({
  userId: `user-${randomUUID()}`,
  isAdmin: false,
  isService: false,
  groups: [],
  isPremium: false,
  onlyJob: undefined,
  onlyEvents: false,
  expiresAt: Date.now() + 3_600_000,
  ...fields,
});

export const request = (fields: Partial<JobRequest> = {}): JobRequest => ({
  type: "image",
  input: { data: { text: "hello" } },
  ...fields,
});

/** The jobs of an installation of the test's own, with what only a test looks at or stands in for. */
export const test = base
  .extend("database", { scope: "file" }, async ({ postgresUrl }, { onCleanup }) => {
    const log = pino({ level: "silent" });
    const database = await openDatabase({ databaseUrl: postgresUrl, dataDir: "", log });
    onCleanup(() => database.close());
    return database;
  })
  /** Where the service finds Redis; a test may put something in between. */
  .extend("serviceUrl", ({ redisUrl }) => redisUrl)
  .extend("service", async ({ redis, serviceUrl, prefix, database }, { onCleanup }) => {
    const log = pino({ level: "silent" });
    const keys = createKeys(prefix);
    const strict = openStrictRedis(serviceUrl, "jobs-test", 2000);
    strict.on("error", () => undefined);
    const queues = openQueues({ redis: strict, keys, retentionDays: 30, log });
    const records = createRecords({ redis, keys });
    const history = createJobsTable(database.db);
    const intents = createIntentsTable(database.db);
    const removed: string[] = [];
    const root = await mkdtemp(join(tmpdir(), "jobcast-jobs-"));
    const store = createDiskStore({ root });
    const uploads = createUploads({ redis: strict, keys, store, maxBytes: 1_000_000, log });
    const at = ({ audiences: [owner = "all"] }: JobRecord) =>
      [partitionOf(owner, PARTITIONS), owner] as const;

    const deps: JobsDeps = {
      redis: strict,
      replicas: ALONE,
      keys,
      partitions: PARTITIONS,
      queues,
      history,
      intents,
      // As their feeds have told, so that tests can compare; places in line have tests of their own.
      outlook: { show: async (jobs) => jobs },
      batches: createBatchesTable(database.db),
      catalog,
      largeJobBytes: 1000,
      allowPrivateUrls: false,
      store: {
        ...store,
        async remove(key) {
          removed.push(key);
          await store.remove(key);
        },
      },
      uploads,
      async removeSnapshot(jobId) {
        const recorded = await records.read(jobId);
        if (recorded !== undefined) await redis.hdel(keys.jobs(...at(recorded.record)), jobId);
      },
      log,
    };

    /** Stands in for the recorder. */
    async function tell(snapshot: JobSnapshot): Promise<void> {
      const { jobId, status } = snapshot.job;
      const recorded = await records.read(jobId);
      if (recorded === undefined) throw new Error(`No record of ${jobId}`);
      const place = at(recorded.record);
      await redis.hset(keys.jobs(...place), jobId, JSON.stringify(snapshot));
      await redis.zrem(keys.accepted(...place), jobId);
      await redis.zrem(keys.openJobs(...place), jobId);
      const kept = isFinal(status) ? keys.doneJobs(...place) : keys.openJobs(...place);
      await redis.zadd(kept, Date.now(), jobId);
    }

    /** Uploads a file in one piece; of `missing` bytes at its end nothing comes. */
    async function upload(owner: Caller, content: string, missing = 0): Promise<string> {
      const described = { name: "note.txt", contentType: "text/plain", metadata: "" };
      const bytes = content.length + missing;
      const { upload: made } = await uploads.create({ ...described, bytes }, owner);
      const { signal } = new AbortController();
      const piece = { offset: 0, content: Readable.from([Buffer.from(content)]), bytes, signal };
      if (bytes > 0) await uploads.append(made.uploadId, piece, owner);
      return made.uploadId;
    }

    const workers: Worker<WorkData>[] = [];
    async function work(type: string, run: Processor<WorkData>): Promise<Worker<WorkData>> {
      const name = queueName(type, "normal");
      const worker = new Worker<WorkData>(name, run, {
        connection: redis,
        prefix: keys.bull(name),
      });
      worker.on("error", () => undefined);
      workers.push(worker);
      await worker.waitUntilReady();
      return worker;
    }

    onCleanup(async () => {
      await Promise.all(workers.map((worker) => worker.close(true)));
      await queues.close();
      strict.disconnect();
      await rm(root, { recursive: true, force: true });
    });
    return {
      jobs: createJobs(deps),
      deps,
      keys,
      queues,
      records,
      history,
      intents,
      removed,
      store,
      uploads,
      upload,
      tell,
      work,
    };
  });
