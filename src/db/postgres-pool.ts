import { Pool, TypeOverrides } from "pg";
import type { Logger } from "../lib/logger.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
const INT8_OID = 20;

/** How values are read from Postgres, embedded or not: int8 as number, since no count of ours passes 2^53. */
export function createTypes(): TypeOverrides {
  const types = new TypeOverrides();
  types.setTypeParser(INT8_OID, Number);
  return types;
}

/** Connections to a Postgres server. Nothing is opened yet; no call waits longer than the timeouts above. */
export function createPostgresPool(databaseUrl: string, log: Logger): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    application_name: "jobcast",
    types: createTypes(),
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    // The server's own limit does not help when the server hangs.
    query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
    // A process frozen within a transaction must not hold its locks for ever.
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
  });
  hearErrors(pool, log);
  return pool;
}

/** Unheard, a connection that ends would end the process: while it is idle as well as between two statements of a transaction. */
export function hearErrors(pool: Pool, log: Logger): void {
  const hear = (err: Error) => log.debug({ err }, "a database connection ended");
  pool.on("error", hear);
  pool.on("connect", (client) => client.on("error", hear));
}
