import { Pool, TypeOverrides } from "pg";
import type { Logger } from "../lib/logger.ts";

/** The server gives up first, since that keeps the connection. */
const LATE_MS = 1_000;
const INT8_OID = 20;

/** How values are read from Postgres, embedded or not: int8 as number, since no count of ours passes 2^53. */
export function createTypes(): TypeOverrides {
  const types = new TypeOverrides();
  types.setTypeParser(INT8_OID, Number);
  return types;
}

export interface PostgresPoolOptions {
  databaseUrl: string;
  log: Logger;
  /** 5,000 by default. */
  connectTimeoutMs?: number;
  /** 10,000 by default. */
  statementTimeoutMs?: number;
}

/** Connections to a Postgres server, opened when they are needed. */
export function createPostgresPool({
  databaseUrl,
  log,
  connectTimeoutMs = 5_000,
  statementTimeoutMs = 10_000,
}: PostgresPoolOptions): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    application_name: "jobcast",
    types: createTypes(),
    keepAlive: true,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    // The server's own limit does not help when the server hangs.
    query_timeout: statementTimeoutMs + LATE_MS,
    // A process frozen within a transaction must not hold its locks for ever.
    idle_in_transaction_session_timeout: statementTimeoutMs,
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
