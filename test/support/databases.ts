import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { type Database, openDatabase } from "../../src/db/database.ts";
import { test as base } from "./postgres.ts";

export const silent = pino({ level: "silent" });

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
  // To make one takes seconds, to copy one next to nothing.
  .extend("copyEmbedded", { scope: "worker" }, async ({}, { onCleanup }) => {
    const made = await mkdtemp(join(tmpdir(), "jobcast-pg-"));
    onCleanup(() => rm(made, { recursive: true, force: true }));
    await (await openDatabase({ dataDir: made, log: silent })).close();
    return (folder: string): Promise<void> => cp(made, folder, { recursive: true });
  })
  .extend(
    "pglite",
    { scope: "file" },
    async ({ dataDir, copyEmbedded }, { onCleanup }): Promise<Database> => {
      await copyEmbedded(dataDir);
      const database = await openDatabase({ dataDir, log: silent });
      onCleanup(() => database.close());
      return database;
    },
  );

/** Of the two databases only the one that is named is opened. */
export const engines = {
  postgres: test.extend("database", ({ postgres }) => postgres),
  pglite: test.extend("database", ({ pglite }) => pglite),
};
