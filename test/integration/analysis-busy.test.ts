import { UnrecoverableError, Worker } from "bullmq";
import { pino } from "pino";
import { describe, expect, vi } from "vitest";
import { createFollowers } from "../../src/jobs/followers.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { toSnapshot } from "../../src/jobs/snapshot.ts";
import { test as base } from "../support/analysis-jobs.ts";
import { record } from "../support/jobs.ts";
import { sendChat, sendJson } from "../support/openai-server.ts";
import { openStage, type Stage } from "../support/stage.ts";

const QUEUE = "analysis.normal";
const DAY_MS = 86_400_000;
const analysis = { type: "analysis", maxAttempts: 1, input: { data: { text: "one" } } };

const test = base
  .extend("stage", async ({ redisUrl, prefix }, { onCleanup }) => {
    const stage = openStage(redisUrl, prefix);
    onCleanup(() => stage.close());
    return stage;
  })
  /** A model that is busy when it is first asked. */
  .extend("ask", ({ service }) => async () => {
    const server = await service((_asked, response) =>
      server.asked.length === 1
        ? sendJson(response, {}, 429, { "retry-after": "1" })
        : sendChat(response, "Done."),
    );
  });

/** Makes a job two days old. */
async function age({ redis, keys }: Stage, { jobId }: JobRecord): Promise<void> {
  await redis.hset(keys.bullKey(QUEUE, jobId), "timestamp", Date.now() - 2 * DAY_MS);
}

interface Kind {
  what: string;
  /** Puts a job in line that is two days old, and may run since just now. */
  putInLine(stage: Stage): Promise<JobRecord>;
}

const YOUNG: Kind[] = [
  {
    what: "was delayed",
    async putInLine(stage) {
      const job = await stage.submit({ ...analysis, delayMs: 2 * DAY_MS });
      await age(stage, job);
      await (await stage.queues.find(job))?.promote();
      return job;
    },
  },
  {
    what: "was retried",
    async putInLine(stage) {
      const job = await stage.submit(analysis);
      await age(stage, job);
      await fail(stage, job);
      const failed = await stage.queues.find(job);
      if (failed !== undefined) await stage.queues.retry(job, failed, 1);
      return job;
    },
  },
  {
    what: "has waited for another",
    async putInLine(stage) {
      const job = await stage.submit({ ...analysis, parentId: "parent" });
      await age(stage, job);
      const parent = record({ jobId: "parent", followers: [job.jobId] });
      const { job: made, ...snapshot } = toSnapshot(parent);
      const done = { ...snapshot, job: { ...made, status: "completed" as const } };
      const followers = createFollowers({
        ...stage,
        catalog: new Map(),
        snapshots: { read: async () => done },
        log: pino({ level: "silent" }),
      });
      await followers.settle(parent);
      return job;
    },
  },
];

/** Takes the job as a worker does that cannot do it. */
async function fail({ connect, keys, queues }: Stage, job: JobRecord): Promise<void> {
  const worker = new Worker(QUEUE, () => Promise.reject(new UnrecoverableError("No")), {
    connection: connect(),
    prefix: keys.bull(QUEUE),
  });
  await vi.waitFor(async () => {
    const found = await queues.find(job);
    expect(await found?.isFailed()).toBe(true);
  });
  await worker.close();
}

describe("an analysis whose service is busy", () => {
  test.for(YOUNG)(
    "waits for it though the job is older than a day, when it $what",
    async ({ putInLine }, { stage, line, ask }) => {
      const { jobId } = await putInLine(stage);
      await ask();
      expect((await line.outcome(jobId, "analysis")).result).toMatchObject({ summary: "Done." });
    },
  );

  test("is given up a day after it could first run", async ({ stage, line, ask }) => {
    const job = await stage.submit(analysis);
    await age(stage, job);
    await ask();
    expect((await line.outcome(job.jobId, "analysis")).failure).toMatchObject({
      code: "engine_unavailable",
    });
  });
});
