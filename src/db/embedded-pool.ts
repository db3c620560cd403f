import { mkdir } from "node:fs/promises";
import { Pool, type PoolConfig } from "pg";
import type { Logger } from "../lib/logger.ts";
import { lockFolder } from "../lib/lock-file.ts";
import { createTypes, hearErrors } from "./postgres-pool.ts";

/** How long a statement waits for its turn: there is one connection. */
const TURN_TIMEOUT_MS = 10_000;

/**
 * A Postgres within this process, kept in `folder`. It has one connection, so transactions come one after the other. One process may
 * open a folder; a second one is refused.
 */
export async function openEmbeddedPool(
  folder: string,
  log: Logger,
): Promise<{ pool: Pool; close: () => Promise<void> }> {
  await mkdir(folder, { recursive: true });
  const unlock = await lockFolder(folder);
  try {
    const pglite = await openPglite(folder);
    const { createPgConfig } = await import("@electric-sql/pglite/node-postgres");
    const config: PoolConfig & { poolSize: number } = createPgConfig(pglite);
    const pool = new Pool({
      ...config,
      max: 1,
      types: createTypes(),
      connectionTimeoutMillis: TURN_TIMEOUT_MS,
      idleTimeoutMillis: 0,
    });
    hearErrors(pool, log);
    const close = async () => {
      await pglite.close();
      await unlock();
    };
    return { pool, close };
  } catch (thrown) {
    await unlock();
    throw thrown;
  }
}

/** Postgres's own default of 128 MB would be the largest single part of a process, for a database that is read now and then. */
const SETTINGS = ["-c", "shared_buffers=16MB"];

/** Loaded only when it is used, since it takes 200 MB even so. */
async function openPglite(folder: string) {
  const { PGlite } = await import("@electric-sql/pglite");
  return await PGlite.create(`${folder}/data`, {
    startParams: [...PGlite.defaultStartParams, ...SETTINGS],
  });
}
