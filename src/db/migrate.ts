import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import type { PostgresPool, PostgresPoolClient } from "kysely";
import type { Logger } from "../lib/logger.ts";

export interface Migration {
  name: string;
  sql: string;
}

/** Any number, as long as every process uses the same. */
const ADVISORY_LOCK = 5_622_278;

/**
 * Applies the migrations that are missing, in order, each in a transaction of its own. Processes that start together wait for each
 * other. Rejects when the text of an applied one has changed; nothing is applied then.
 */
export async function migrate(
  pool: Pick<PostgresPool, "connect">,
  log: Logger,
  migrations?: readonly Migration[],
): Promise<void> {
  const wanted = migrations ?? (await loadMigrations());
  const client = await pool.connect();
  try {
    for (const migration of wanted) {
      if (await inTransaction(client, () => apply(client, migration)))
        log.info({ migration: migration.name }, "migrated");
    }
  } finally {
    client.release();
  }
}

async function loadMigrations(): Promise<Migration[]> {
  const folder = new URL("./migrations/", import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).toSorted();
  return await Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(new URL(name, folder), "utf8") })),
  );
}

/** Whether there was anything to do. */
async function apply(client: PostgresPoolClient, { name, sql }: Migration): Promise<boolean> {
  await client.query("select pg_advisory_xact_lock($1)", [ADVISORY_LOCK]);
  await client.query(
    "create table if not exists schema_migrations (name text primary key, checksum text not null, applied_at timestamptz not null default now())",
    [],
  );
  const checksum = createHash("sha256").update(sql).digest("hex");
  const { rows } = await client.query<{ checksum: string }>(
    "select checksum from schema_migrations where name = $1",
    [name],
  );
  const [applied] = rows;
  if (applied?.checksum === checksum) return false;
  if (applied !== undefined)
    throw new Error(
      `Migration ${name} was changed after it was applied: undo that, and add a new file`,
    );
  await client.query(sql, []);
  await client.query("insert into schema_migrations (name, checksum) values ($1, $2)", [
    name,
    checksum,
  ]);
  return true;
}

async function inTransaction<Result>(
  client: PostgresPoolClient,
  act: () => Promise<Result>,
): Promise<Result> {
  await client.query("begin", []);
  try {
    const result = await act();
    await client.query("commit", []);
    return result;
  } catch (thrown) {
    await client.query("rollback", []).catch(() => undefined);
    throw thrown;
  }
}
