import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { type Database, openDatabase } from "../../src/db/database.ts";
import { test as base } from "./postgres.ts";

/** Tests on either database; each file has one of each, opened when it is first asked for. */
export const test = base
  .extend("dataDir", { scope: "file" }, async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "jobcast-pg-"));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    return folder;
  })
  .extend(
    "postgres",
    { scope: "file" },
    async ({ postgresUrl, dataDir }, { onCleanup }): Promise<Database> => {
      const database = await openDatabase({ databaseUrl: postgresUrl, dataDir, log: silent });
      onCleanup(() => database.close());
      return database;
    },
  )
  .extend("pglite", { scope: "file" }, async ({ dataDir }, { onCleanup }): Promise<Database> => {
    const database = await openDatabase({ dataDir, log: silent });
    onCleanup(() => database.close());
    return database;
  });

export const silent = pino({ level: "silent" });
