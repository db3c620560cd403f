import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import { test as base } from "./redis.ts";

/** Tests on a real PostgreSQL as well: `postgresUrl` is a database of its own for each file. */
export const test = base.extend("postgresUrl", { scope: "file" }, async ({}, { onCleanup }) => {
  const server = inject("postgresUrl");
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await query(server, `CREATE DATABASE ${name}`);
  onCleanup(() => query(server, `DROP DATABASE ${name} WITH (FORCE)`));
  return Object.assign(new URL(server), { pathname: `/${name}` }).href;
});

async function query(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
