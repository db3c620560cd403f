import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import { JobcastError } from "../errors.ts";

/**
 * The one place that says `unavailable` for a database that is away: no connection in time, a connection lost, a statement without an
 * answer, a server that shuts down. Whatever else Postgres refuses passes as it is.
 */
export function guardPool(pool: PostgresPool): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      try {
        return new GuardedClient(await pool.connect());
      } catch (thrown) {
        throw unavailable(thrown);
      }
    },
  };
}

class GuardedClient implements PostgresPoolClient {
  readonly #client: PostgresPoolClient;
  #lost: JobcastError | undefined;

  constructor(client: PostgresPoolClient) {
    this.#client = client;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    sql: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    return typeof sql === "string" ? this.#query<R>(sql, parameters) : this.#client.query<R>(sql);
  }

  async #query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    // A rollback after a timeout would wait for another one.
    if (this.#lost !== undefined) throw this.#lost;
    try {
      return await this.#client.query<R>(sql, parameters);
    } catch (thrown) {
      if (!isAway(thrown)) throw thrown;
      if (!isSaidByServer(thrown)) this.#lost = unavailable(thrown);
      throw this.#lost ?? unavailable(thrown);
    }
  }

  /** A connection that timed out still waits for that answer; everyone who gets it next would wait behind. */
  release(destroy?: boolean): void {
    this.#client.release(destroy === true || this.#lost !== undefined);
  }
}

const unavailable = (cause: unknown): JobcastError =>
  new JobcastError("unavailable", "The database does not answer", { cause });

/**
 * Classes of SQLSTATE that pass by themselves: connection (08), deadlock and serialization (40), out of resources (53), statement timeout
 * and shutdown (57), input and output (58); and 25006, a primary that became a replica, 25P03, a transaction that was idle too long.
 */
const PASSING = /^(?:08|40|53|57|58|25006|25P03)/;

function isAway(thrown: unknown): boolean {
  return isSaidByServer(thrown) ? PASSING.test(thrown.code) : thrown instanceof Error;
}

/** What the server says has a severity; what the driver notices has none. */
function isSaidByServer(thrown: unknown): thrown is Error & { code: string } {
  return (
    thrown instanceof Error &&
    "severity" in thrown &&
    "code" in thrown &&
    typeof thrown.code === "string"
  );
}
