import { Client } from "pg";
import { describe, expect } from "vitest";
import { test } from "../support/postgres.ts";

describe("the fixtures", () => {
  test("give a real Redis", async ({ redis, prefix }) => {
    await redis.set(`${prefix}:a`, "1");
    expect(await redis.get(`${prefix}:a`)).toBe("1");
  });

  test("give a database of one's own", async ({ postgresUrl }) => {
    const client = new Client({ connectionString: postgresUrl });
    await client.connect();
    const { rows } = await client.query(
      "SELECT count(*)::int AS tables FROM pg_tables WHERE schemaname = 'public'",
    );
    await client.end();
    expect(rows).toEqual([{ tables: 0 }]);
  });
});
