import { sql } from "kysely";
import { pino } from "pino";
import { describe, expect, vi } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { silent } from "../support/databases.ts";
import { find, test, untilStatus } from "../support/history.ts";
import { openGate } from "../support/tcp-gate.ts";

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
