import { Queue, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { sql } from "kysely";
import { pino } from "pino";
import { describe, expect, vi } from "vitest";
import { queueName } from "../../src/contract/names.ts";
import { type Database, openDatabase } from "../../src/db/database.ts";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import { createPlacesTable, START } from "../../src/db/places-table.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { createHistory, type History, type HistoryOptions } from "../../src/recorder/history.ts";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import { openRedis, openStrictRedis } from "../../src/redis/connect.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { silent, test as base } from "../support/databases.ts";
import { entry, record } from "../support/jobs.ts";
import { openGate } from "../support/tcp-gate.ts";

const QUEUE = queueName("image", "normal");

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

const test = base
  .extend("site", async ({ redis, redisUrl, prefix }, { onCleanup }) => {
    const site = createSite(redis, redisUrl, prefix);
    onCleanup(() => site.close());
    return site;
  })
  .extend("start", async ({ redis, redisUrl, site }, { onCleanup }) => {
    const started: { history: History; blocking: Redis }[] = [];
    onCleanup(async () => {
      await Promise.all(started.map(({ history }) => history.close()));
      for (const { blocking } of started) blocking.disconnect();
    });
    return (
      database: Database,
      options: Partial<Pick<HistoryOptions, "log" | "now" | "store">> = {},
    ): History => {
      const blocking = openStrictRedis(redisUrl, "test-history");
      blocking.on("error", () => {});
      const { keys } = site;
      const history = createHistory({
        redis,
        blocking,
        keys,
        queues: [QUEUE],
        database,
        store: { remove: async () => {} },
        retentionDays: 30,
        log: silent,
        ...options,
      });
      started.push({ history, blocking });
      return history;
    };
  });

const find = async (database: Database, jobId: string) =>
  (await createJobsTable(database.db).find(jobId))?.snapshot.job;

const untilStatus = (database: Database, jobId: string, status: string) =>
  vi.waitFor(async () => expect((await find(database, jobId))?.status).toBe(status), {
    timeout: 10_000,
    interval: 20,
  });

describe.for(["postgres", "pglite"] as const)("a history on %s", (engine) => {
  const onEither = test.extend("database", ({ postgres, pglite }) =>
    engine === "postgres" ? postgres : pglite);

  onEither("keeps a job from queued to its result", async ({ site, start, database }) => {
    start(database);
    const jobId = await site.add({ width: 7 });
    await untilStatus(database, jobId, "queued");
    site.work();
    await untilStatus(database, jobId, "completed");
    expect(await find(database, jobId)).toMatchObject({
      attempt: 1,
      progress: 100,
      result: { width: 7 },
      error: null,
    });
  });

  onEither("keeps the error of a job that failed every time", async ({ site, start, database }) => {
    const jobId = await site.add(undefined, {}, 3);
    site.work();
    start(database);
    await untilStatus(database, jobId, "failed");
    const error = { code: "internal", message: "No luck", retryable: true };
    expect(await find(database, jobId)).toMatchObject({ attempt: 3, error });
  });

  onEither(
    "calls a job cancelled that was removed while it waited",
    async ({ site, start, database }) => {
      start(database);
      const jobId = await site.add({});
      await untilStatus(database, jobId, "queued");
      await site.queue.remove(jobId);
      await untilStatus(database, jobId, "cancelled");
    },
  );

  onEither(
    "applies each event once when two read side by side",
    async ({ site, start, database }) => {
      start(database);
      start(database);
      const jobIds = await Promise.all(Array.from({ length: 30 }, (_, n) => site.add({ n })));
      site.work();
      for (const jobId of jobIds) await untilStatus(database, jobId, "completed");
      const jobs = await Promise.all(jobIds.map((jobId) => find(database, jobId)));
      expect(jobs.map((job) => job?.attempt)).toEqual(jobIds.map(() => 1));
    },
  );

  onEither(
    "undoes what it wrote when the place cannot move, and does it once afterwards",
    async ({ site, start, database }) => {
      const source = site.keys.events(QUEUE);
      await createPlacesTable(database.db).move(source, START, START);
      await sql
        .raw(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;
      create constraint trigger refuse_commit after update on history_places deferrable initially deferred
        for each row when (new.place <> '0-0') execute function refuse();
    `)
        .execute(database.db);
      const warned = vi.fn<() => void>();
      start(database, { log: pino({ level: "warn" }, { write: warned }) });
      const jobId = await site.add({});
      site.work();
      await vi.waitFor(() => expect(warned).toHaveBeenCalled());
      expect(await find(database, jobId)).toBeUndefined();

      await sql
        .raw("drop trigger refuse_commit on history_places; drop function refuse()")
        .execute(database.db);
      await untilStatus(database, jobId, "completed");
      expect(await find(database, jobId)).toMatchObject({ attempt: 1 });
    },
  );

  onEither(
    "writes the rest when one job cannot be written",
    async ({ site, start, database, redis }) => {
      // An index takes no entry of this size.
      const random = Array.from({ length: 400 }, () => Math.random().toString(36)).join("");
      const bad = await site.add({}, { caseId: random });
      const good = await site.add({ n: 1 });
      site.work();
      start(database);
      await untilStatus(database, good, "completed");
      await vi.waitFor(async () =>
        expect(await redis.xlen(site.keys.deadLetters)).toBeGreaterThan(0),
      );
      expect(await find(database, bad)).toBeUndefined();
    },
  );

  onEither("makes up for what was trimmed unread", async ({ site, start, database, redis }) => {
    const done = await site.add({ n: 1 });
    const failed = await site.add(undefined, {}, 2);
    site.work();
    await vi.waitFor(async () =>
      expect(await site.queue.getJobCounts("completed", "failed")).toEqual({
        completed: 1,
        failed: 1,
      }),
    );
    await redis.xtrim(site.keys.events(QUEUE), "MAXLEN", 0);
    start(database);
    const later = await site.add({ n: 2 });
    for (const jobId of [done, later]) await untilStatus(database, jobId, "completed");
    await untilStatus(database, failed, "failed");
    expect(await find(database, done)).toMatchObject({ attempt: 1, result: { n: 1 } });
    expect(await find(database, failed)).toMatchObject({
      attempt: 2,
      error: { message: "No luck" },
    });
    expect(await find(database, later)).toMatchObject({ attempt: 1, result: { n: 2 } });
  });

  onEither("goes on when Redis has lost its data", async ({ site, start, database, redis }) => {
    const source = site.keys.events(QUEUE);
    const future = `${Date.now() + 3_600_000}-0`;
    await createPlacesTable(database.db).move(source, START, { place: future, gapFrom: null });
    const jobId = await site.add({});
    site.work();
    start(database);
    await untilStatus(database, jobId, "completed");
    await vi.waitFor(async () => {
      const [newest] = await redis.xrevrange(source, "+", "-", "COUNT", 1);
      const places = await createPlacesTable(database.db).load();
      expect(places.get(source)).toEqual({ place: newest?.[0], gapFrom: null });
    });
    expect(await find(database, jobId)).toMatchObject({ attempt: 1 });
  });

  onEither(
    "removes finished jobs that are past their time with their files, and no others",
    async ({ prefix, start, database, dataDir }) => {
      const store = createDiskStore({ root: dataDir });
      const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
      const [old, young] = [`${prefix}-old`, `${prefix}-young`];
      await createJobsTable(database.db).upsert([
        entry({ jobId: old, status: "completed", finishedAt: daysAgo(31) }),
        entry({ jobId: young, status: "completed", finishedAt: daysAgo(29) }),
      ]);
      for (const job of [old, young]) await store.put(`jobs/${job}/1/a.txt`, Buffer.from("a"));
      start(database, { store });
      await vi.waitFor(async () => expect(await find(database, old)).toBeUndefined());
      expect(await store.head(`jobs/${old}/1/a.txt`)).toBeUndefined();
      expect(await find(database, young)).toBeDefined();
      expect(await store.head(`jobs/${young}/1/a.txt`)).toBeDefined();
    },
  );
});

describe("a history whose Postgres", () => {
  const behindGate = test.extend("gated", async ({ postgresUrl, postgres, dataDir }, {
    onCleanup,
  }) => {
    await postgres.ping();
    const url = new URL(postgresUrl);
    const gate = await openGate(Number(url.port));
    url.port = String(gate.port);
    const database = await openDatabase({ databaseUrl: url.href, dataDir, log: silent });
    onCleanup(async () => {
      await database.close();
      await gate.close();
    });
    return { gate, database };
  });

  behindGate(
    "goes away while jobs run says so once, and catches up",
    async ({ site, start, gated: { gate, database } }) => {
      const lines: string[] = [];
      const log = pino(
        { level: "info" },
        { write: (line) => lines.push(String(JSON.parse(line).msg)) },
      );
      const history = start(database, { log });
      site.work();
      const before = await site.add({});
      await untilStatus(database, before, "completed");
      gate.shut();
      await expect(database.ping()).rejects.toMatchObject({ code: "unavailable" });
      const during = await Promise.all(Array.from({ length: 20 }, (_, n) => site.add({ n })));
      await vi.waitFor(async () =>
        expect((await site.queue.getJobCounts("completed"))["completed"]).toBe(21),
      );
      await vi.waitFor(() => expect(history.lagMs()).toBeGreaterThan(1_000), { timeout: 5_000 });
      gate.open();
      for (const jobId of during) await untilStatus(database, jobId, "completed");
      await vi.waitFor(() => expect(history.lagMs()).toBe(0));
      await vi.waitFor(() => expect(lines).toHaveLength(2));
      expect(lines).toEqual(["history: waits, and catches up afterwards", "history: goes on"]);
    },
  );

  behindGate(
    "loses its connections in mid-transaction applies nothing twice",
    async ({ site, start, postgres, gated: { gate, database } }) => {
      start(database);
      start(database);
      site.work();
      const jobIds: string[] = [];
      for (let round = 0; round < 10; round += 1) {
        jobIds.push(await site.add({ round }));
        gate.shut();
        gate.open();
      }
      for (const jobId of jobIds) await untilStatus(postgres, jobId, "completed");
      const jobs = await Promise.all(jobIds.map((jobId) => find(postgres, jobId)));
      expect(jobs.map((job) => job?.attempt)).toEqual(jobIds.map(() => 1));
    },
  );

  behindGate(
    "was never there lets a process start, and gets its tables later",
    async ({ gated: { gate }, postgres, postgresUrl, dataDir }) => {
      await sql.raw("create database fresh").execute(postgres.db);
      const url = Object.assign(new URL(postgresUrl), {
        port: String(gate.port),
        pathname: "/fresh",
      });
      gate.shut();
      const database = await openDatabase({ databaseUrl: url.href, dataDir, log: silent });
      await expect(find(database, "x")).rejects.toMatchObject({ code: "unavailable" });
      gate.open();
      expect(await find(database, "x")).toBeUndefined();
      await database.close();
      await sql.raw("drop database fresh").execute(postgres.db);
    },
  );
});
