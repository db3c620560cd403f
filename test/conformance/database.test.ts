import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { describe, expect } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import { createPlacesTable, START } from "../../src/db/places-table.ts";
import { createTailMarksTable } from "../../src/db/tail-marks-table.ts";
import { engines, silent, test } from "../support/databases.ts";
import { entry } from "../support/jobs.ts";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const ids = (entries: { snapshot: { job: { jobId: string } } }[]) =>
  entries.map(({ snapshot }) => snapshot.job.jobId);

describe.for(["postgres", "pglite"] as const)("a database on %s", (engine) => {
  const onEither = engines[engine]
    .extend("jobs", ({ database }) => createJobsTable(database.db))
    .extend("places", ({ database }) => createPlacesTable(database.db))
    .extend("marks", ({ database }) => createTailMarksTable(database.db))
    .extend("userId", () => randomUUID());

  onEither("keeps the latest mark of a tail, by its number", async ({ marks }) => {
    const [tail, other] = [randomUUID(), randomUUID()];
    const save = (entryId: string, generation = "g") =>
      marks.save(new Map([[tail, { entryId, generation }]]));
    for (const entryId of ["999-9", "1000-2", "1000-10", "1000-9", "999-11"]) await save(entryId);
    expect(await marks.load([tail, other])).toEqual(
      new Map([[tail, { entryId: "1000-10", generation: "g" }]]),
    );
    await marks.forget([tail]);
    await save("1-1", "h");
    expect((await marks.load([tail])).get(tail)).toEqual({ entryId: "1-1", generation: "h" });
  });

  onEither(
    "gives back a job as it was written, and its newest state after a second write",
    async ({ jobs, userId }) => {
      const jobId = randomUUID();
      const queued = entry({ jobId, userId, metadata: { a: "ü\n\"'" } });
      await jobs.upsert([queued]);
      expect(await jobs.find(jobId)).toEqual(queued);

      const done = entry({
        jobId,
        userId,
        status: "completed",
        result: { pages: [1, null] },
        finishedAt: at(5),
      });
      await jobs.upsert([done]);
      expect(await jobs.find(jobId)).toEqual(done);
      expect(await jobs.list({ userId, statuses: ["queued"], limit: 10 })).toEqual({
        entries: [],
        hasMore: false,
      });
      expect(await jobs.find("nobody")).toBeUndefined();
    },
  );

  onEither("keeps text that jsonb refuses, without the characters at fault", async ({ jobs }) => {
    const jobId = randomUUID();
    await jobs.upsert([entry({ jobId, step: "a\0b\ud800c\\u0000", result: { "k\0": "\\" } })]);
    const found = await jobs.find(jobId);
    expect(found?.snapshot.job).toMatchObject({ step: "ab\ufffdc\\u0000", result: { k: "\\" } });
  });

  onEither(
    "lists newest first, page by page, also where jobs are of one millisecond",
    async ({ jobs, userId }) => {
      const suffix = randomUUID();
      const wanted = ["e", "d", "c", "b", "a"].map((letter) => `${letter}-${suffix}`);
      const seconds = [3, 2, 2, 2, 1];
      await jobs.upsert(
        wanted.map((jobId, i) => entry({ jobId, userId, createdAt: at(seconds[i] ?? 0) })),
      );

      const first = await jobs.list({ userId, limit: 2 });
      const last = first.entries.at(-1)?.snapshot.job;
      const before = { createdAt: new Date(last?.createdAt ?? ""), jobId: last?.jobId ?? "" };
      const second = await jobs.list({ userId, limit: 10, before });
      expect(ids(first.entries)).toEqual(wanted.slice(0, 2));
      expect(ids(second.entries)).toEqual(wanted.slice(2));
      expect([first.hasMore, second.hasMore]).toEqual([true, false]);
    },
  );

  onEither(
    "ends a page early that is large, and none before its first job",
    async ({ jobs, userId }) => {
      const summary = "x".repeat(600_000);
      const wanted = ["c", "b", "a"].map((letter) => `${letter}-${randomUUID()}`);
      await jobs.upsert(
        wanted.map((jobId) => {
          const made = entry({ jobId, userId, createdAt: at(1) });
          const job = { ...made.snapshot.job, result: { summary } };
          return { ...made, snapshot: { ...made.snapshot, job } };
        }),
      );
      const page = await jobs.list({ userId, limit: 10 });
      expect(ids(page.entries)).toEqual(wanted.slice(0, 2));
      expect(page.hasMore).toBe(true);
      const before = { createdAt: new Date(at(1)), jobId: wanted[1] ?? "" };
      const rest = await jobs.list({ userId, limit: 10, before });
      expect(ids(rest.entries)).toEqual(wanted.slice(2));
      expect(rest.hasMore).toBe(false);
    },
  );

  onEither("lists by every filter", async ({ jobs, userId }) => {
    const [a, b] = [randomUUID(), randomUUID()];
    const caseId = randomUUID();
    const batchId = randomUUID();
    await jobs.upsert([
      entry({
        jobId: a,
        userId,
        type: "image",
        status: "queued",
        caseId,
        createdAt: at(1),
        updatedAt: at(1),
      }),
      entry({
        jobId: b,
        userId,
        type: "pdf",
        status: "failed",
        batchId,
        createdAt: at(2),
        updatedAt: at(9),
      }),
    ]);
    const list = async (filter: object) =>
      ids((await jobs.list({ userId, limit: 10, ...filter })).entries);
    expect(await list({ statuses: ["queued", "processing"] })).toEqual([a]);
    expect(await list({ types: ["pdf", "analysis"] })).toEqual([b]);
    expect(await list({ caseId })).toEqual([a]);
    expect(await list({ batchId })).toEqual([b]);
    expect(await list({ createdAfter: new Date(at(1)) })).toEqual([b]);
    expect(await list({ updatedAfter: new Date(at(8)) })).toEqual([b]);
    expect(await list({ userId: undefined, caseId })).toEqual([a]);
    expect(await list({ userId: "somebody else" })).toEqual([]);
    expect(await list({ statuses: [] })).toEqual([]);
  });

  onEither("counts by type and status, as numbers", async ({ jobs, userId }) => {
    const make = (type: string, status: "queued" | "failed") =>
      entry({ jobId: randomUUID(), userId, type, status });
    await jobs.upsert([
      make("image", "queued"),
      make("image", "queued"),
      make("image", "failed"),
      make("pdf", "queued"),
    ]);
    expect(await jobs.counts(userId)).toEqual({
      image: { queued: 2, failed: 1 },
      pdf: { queued: 1 },
    });
    expect(await jobs.counts("somebody else")).toEqual({});
  });

  onEither("counts without those that are counted elsewhere", async ({ jobs, userId }) => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
    await jobs.upsert([a, b, c].map((jobId) => entry({ jobId, userId, type: "image" })));
    expect(await jobs.counts(userId, { except: [a, c, "nobody's"] })).toEqual({
      image: { queued: 1 },
    });
    expect(await jobs.counts(userId, { except: [a, b, c] })).toEqual({});
  });

  onEither("tells which of some jobs have not finished lately", async ({ jobs, userId }) => {
    const [early, late, open, unknown] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    await jobs.upsert([
      entry({ jobId: early, userId, status: "failed", finishedAt: at(1) }),
      entry({ jobId: late, userId, status: "completed", finishedAt: at(2) }),
      entry({ jobId: open, userId }),
    ]);
    const all = [early, late, open, unknown];
    expect((await jobs.notFinishedSince(all, new Date(at(2)))).toSorted()).toEqual(
      [early, open, unknown].toSorted(),
    );
    expect(await jobs.notFinishedSince([late], new Date(at(2)))).toEqual([]);
    expect(await jobs.notFinishedSince([], new Date(at(0)))).toEqual([]);
  });

  onEither(
    "names what is finished long enough, in small batches, and never what is open",
    async ({ jobs, userId }) => {
      const make = (finishedAt: string | null) =>
        entry({ jobId: randomUUID(), userId, finishedAt });
      const [older, old] = [make("2020-01-01T00:00:00.000Z"), make("2020-01-02T00:00:00.000Z")];
      await jobs.upsert([old, older, make(at(0)), make(null)]);
      const before = new Date("2021-01-01T00:00:00.000Z");
      expect(await jobs.finishedBefore(before, 1)).toEqual(ids([older]));
      expect(await jobs.finishedBefore(before, 10)).toEqual(ids([older, old]));
      await jobs.removeMany(ids([older, old]));
      expect(await jobs.finishedBefore(before, 10)).toEqual([]);
      const { entries: left } = await jobs.list({ userId, limit: 10 });
      expect(left).toHaveLength(2);
      for (const jobId of ids(left)) expect(await jobs.remove(jobId)).toBe(true);
      expect(await jobs.remove(ids(left)[0] ?? "")).toBe(false);
    },
  );

  onEither("moves a place for one of two who stand at it", async ({ places }) => {
    const source = randomUUID();
    expect((await places.load()).has(source)).toBe(false);
    const moves = await Promise.all(
      ["1-0", "2-0"].map((place) => places.move(source, START, { place, gapFrom: null })),
    );
    expect(moves.filter(Boolean)).toHaveLength(1);
    const place = moves[0] === true ? "1-0" : "2-0";
    expect((await places.load()).get(source)).toEqual({ place, gapFrom: null });
  });

  onEither(
    "keeps a transaction to itself, and undoes one that failed",
    async ({ database, jobs }) => {
      const jobId = randomUUID();
      const failing = database.db.transaction().execute(async (tx) => {
        await createJobsTable(tx).upsert([entry({ jobId })]);
        throw new Error("no");
      });
      const others = Promise.all(Array.from({ length: 5 }, () => database.ping()));
      await expect(failing).rejects.toThrow("no");
      await others;
      expect(await jobs.find(jobId)).toBeUndefined();
    },
  );

  onEither("passes on what Postgres refuses, and goes on after it", async ({ database }) => {
    await expect(sql`select 1 / 0`.execute(database.db)).rejects.toMatchObject({ code: "22012" });
    await database.ping();
  });
});

test("a database that was closed fails in place of hanging", async ({ postgresUrl }) => {
  const closed = await openDatabase({ databaseUrl: postgresUrl, dataDir: "", log: silent });
  await closed.close();
  await expect(closed.ping()).rejects.toThrow();
});
