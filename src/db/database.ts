import { join } from "node:path";
import { Kysely, PostgresDialect, type PostgresPool, sql } from "kysely";
import { JobcastError } from "../errors.ts";
import type { Logger } from "../lib/logger.ts";
import { openEmbeddedPool } from "./embedded-pool.ts";
import { guardPool } from "./guarded-pool.ts";
import { migrate } from "./migrate.ts";
import { createPostgresPool } from "./postgres-pool.ts";
import type { Tables } from "./tables.ts";

export interface DatabaseOptions {
  /** `postgres://…`; without it Postgres runs embedded, in `<dataDir>/pg`, for this process alone. */
  databaseUrl?: string | undefined;
  dataDir: string;
  log: Logger;
}

/**
 * Where history and intents are kept. Every call answers: a connection comes within 5 s, a statement ends within 11 s, and what takes
 * longer, or finds no database, fails with `unavailable`. A call after `close` fails.
 */
export interface Database {
  db: Kysely<Tables>;
  /** Postgres, which other processes may share. */
  isShared: boolean;
  /** Rejects with `unavailable` when nothing can be read. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the database and brings its tables up to date. A server that is away does not keep a process from starting: the tables follow
 * with the first call that finds it. Rejects when another process has the folder, or when an applied migration was changed.
 */
export async function openDatabase({
  databaseUrl,
  dataDir,
  log,
}: DatabaseOptions): Promise<Database> {
  if (databaseUrl !== undefined) {
    return await toDatabase({
      pool: createPostgresPool({ databaseUrl, log }),
      isShared: true,
      log,
    });
  }
  const { pool, close } = await openEmbeddedPool(join(dataDir, "pg"), log);
  return await toDatabase({ pool, isShared: false, log, close });
}

interface Opened {
  pool: PostgresPool;
  isShared: boolean;
  log: Logger;
  close?: () => Promise<void>;
}

async function toDatabase({ pool, isShared, log, close }: Opened): Promise<Database> {
  const guarded = guardPool(pool);
  const migrated = once(() => migrate(guarded, log));
  const connect = async () => {
    await migrated();
    return await guarded.connect();
  };
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: { ...guarded, connect } }),
  });
  const database: Database = {
    db,
    isShared,
    ping: async () => void (await sql`select 1`.execute(db)),
    close: async () => {
      await db.destroy();
      await close?.();
    },
  };
  try {
    await database.ping();
  } catch (thrown) {
    if (!(thrown instanceof JobcastError)) {
      await database.close();
      throw thrown;
    }
    log.warn({ err: thrown }, "the database is away; starting without it");
  }
  return database;
}

/** Calls `act` until it succeeds once; callers in between share one attempt. */
function once(act: () => Promise<void>): () => Promise<void> {
  let attempt: Promise<void> | undefined;
  return () =>
    (attempt ??= act().catch((thrown: unknown) => {
      attempt = undefined;
      throw thrown;
    }));
}
