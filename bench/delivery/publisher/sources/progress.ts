import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Job, Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { pino } from "pino";
import { isAudience } from "../../../../src/contract/names.ts";
import { openQueues } from "../../../../src/jobs/queues.ts";
import { createRecords } from "../../../../src/jobs/records.ts";
import { openRedis, openStrictRedis } from "../../../../src/redis/connect.ts";
import { createKeys } from "../../../../src/redis/keys.ts";
import { record } from "../../../../test/support/jobs.ts";
import { PREFIX, QUEUE } from "../../lib/installation.ts";
import type { Due } from "../event.ts";
import type { OpenSource, Source } from "../source.ts";

const keys = createKeys(PREFIX);
/** Longer than any run: nothing is renewed meanwhile. */
const LOCK_MS = 600_000;

type Submit = (jobIds: Map<string, string>) => Promise<void>;

/** Jobs in a worker's hands, one for each audience, whose progress is what is said. */
function openProgress(redisUrl: string, submit: Submit, settled: () => Promise<void>): Source {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const jobs = new Map<string, Job>();
  let worker: Worker | undefined;
  let last: Promise<unknown> = Promise.resolve();

  return {
    async prepare(audiences) {
      const ids = new Map<string, string>(audiences.map((audience) => [randomUUID(), audience]));
      const hold = async (job: Job) => {
        jobs.set(ids.get(job.id ?? "") ?? "", job);
        await new Promise(() => undefined);
      };
      worker = new Worker(QUEUE, hold, {
        connection: redis,
        prefix: keys.bull(QUEUE),
        concurrency: audiences.length,
        lockDuration: LOCK_MS,
      });
      worker.on("error", () => undefined);
      await submit(ids);
      while (jobs.size < audiences.length) await delay(50);
      await settled();
    },
    publish(due) {
      for (const one of due) last = update(one);
    },
    drained: async () => void (await last),
    close: () => void worker?.close(true),
  };

  async function update({ audience, event }: Due): Promise<void> {
    await jobs.get(audience)?.updateProgress({ ...event, run: 1, percent: 50, audience });
  }
}

/** As a team does it that has BullMQ and nothing else: with its defaults. */
export const openQueueEvents: OpenSource = async ({ redisUrl }) => {
  const redis = new Redis(redisUrl);
  const queue = new Queue(QUEUE, { connection: redis, prefix: keys.bull(QUEUE) });
  const submit: Submit = async (ids) => {
    const bulk = Array.from(ids, ([jobId, audience]) => ({
      name: "image",
      data: { audience },
      opts: { jobId },
    }));
    await queue.addBulk(bulk);
  };
  return openProgress(redisUrl, submit, async () => undefined);
};

/** As Jobcast accepts jobs; begins when the recorder has told of all of them. */
export const openJobs: OpenSource = async ({ redisUrl }) => {
  const redis = openRedis(redisUrl, "bench-jobs");
  const strict = openStrictRedis(redisUrl, "bench-queues");
  const log = pino({ level: "silent" });
  const queues = openQueues({ redis: strict, keys, retentionDays: 1, log });
  const records = createRecords({ redis, keys });
  const createdAt = new Date().toISOString();

  const submit: Submit = async (ids) => {
    for (const [jobId, audience] of ids) {
      if (!isAudience(audience)) throw new Error(`No audience: ${audience}`);
      const userId = audience.startsWith("user:") ? audience.slice("user:".length) : null;
      const job = record({ jobId, userId, audiences: [audience], createdAt });
      await records.write(job);
      await queues.add(job, { runBase: 0, retries: 0 });
    }
  };
  const settled = async () => {
    for (;;) {
      const [newest] = await redis.xrevrange(keys.events(QUEUE), "+", "-", "COUNT", 1);
      if ((await redis.get(keys.place(QUEUE))) === newest?.[0]) return;
      await delay(100);
    }
  };
  return openProgress(redisUrl, submit, settled);
};
