import { Client } from "pg";
import { startPostgresServer } from "../../../test/support/postgres-server.ts";

/** Empty databases on one server, which is started when the first is wanted. */
export interface Databases {
  /** Resolves to its address. */
  create(): Promise<string>;
  close(): Promise<void>;
}

export function createDatabases(): Databases {
  let starting: ReturnType<typeof startPostgresServer> | undefined;
  let count = 0;
  return {
    async create() {
      const { url } = await (starting ??= startPostgresServer());
      const name = `bench_${(count += 1)}`;
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return url.replace(/[^/]+$/, name);
    },
    close: async () => (await starting)?.stop(),
  };
}
