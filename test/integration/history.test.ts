import { sql } from "kysely";
import { pino } from "pino";
import { describe, expect, vi } from "vitest";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import { createPlacesTable, START } from "../../src/db/places-table.ts";
import { keepRetention } from "../../src/recorder/history-retention.ts";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import { find, QUEUE, test, untilStatus } from "../support/history.ts";
import { entry } from "../support/jobs.ts";

// The embedded database is made in the first test that wants it; with three files at a time that has taken longer than 20 s.
vi.setConfig({ testTimeout: 60_000 });

/** Of the two databases only the one that is named is opened. */
const engines = {
  postgres: test.extend("database", ({ postgres }) => postgres),
  pglite: test.extend("database", ({ pglite }) => pglite),
};

describe.for(["postgres", "pglite"] as const)("a history on %s", (engine) => {
  const onEither = engines[engine];

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

  onEither("leaves what is past its time between two jobs", async ({ prefix, database }) => {
    const finishedAt = new Date(Date.now() - 31 * 86_400_000).toISOString();
    const old = [1, 2, 3].map((n) => `${prefix}-${n}`);
    await createJobsTable(database.db).upsert(
      old.map((jobId) => entry({ jobId, status: "completed", finishedAt })),
    );
    const leaving = new AbortController();
    const removed: string[] = [];
    const store = {
      async remove(key: string) {
        removed.push(key);
        leaving.abort();
      },
    };
    const { signal } = leaving;
    const log = pino({ level: "silent" });

    await keepRetention({ database, store, retentionDays: 30, log, now: Date.now, signal });

    expect(removed).toHaveLength(1);
    for (const jobId of old) expect(await find(database, jobId)).toBeDefined();
  });
});
