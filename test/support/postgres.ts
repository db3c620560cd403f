import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import { test as base } from "./redis.ts";

/** Tests on a real PostgreSQL as well: `postgresUrl` is a database of its own for each file, `ownPostgresUrl` for each test. */
export const test = base
  .extend("postgresUrl", { scope: "file" }, async ({}, { onCleanup }) => {
    const database = await createDatabase();
    onCleanup(() => database.drop());
    return database.url;
  })
  .extend("ownPostgresUrl", async ({}, { onCleanup }) => {
    const database = await createDatabase();
    onCleanup(() => database.drop());
    return database.url;
  });

async function createDatabase() {
  const server = inject("postgresUrl");
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await query(server, `CREATE DATABASE ${name}`);
  return {
    url: Object.assign(new URL(server), { pathname: `/${name}` }).href,
    drop: () => query(server, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
