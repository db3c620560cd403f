import { Kysely, PostgresDialect, sql } from "kysely";
import { expect, vi } from "vitest";
import { guardPool } from "../../src/db/guarded-pool.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createPostgresPool } from "../../src/db/postgres-pool.ts";
import { silent } from "../support/databases.ts";
import { test as base } from "../support/postgres.ts";
import { openGate } from "../support/tcp-gate.ts";

const test = base
  .extend("gate", async ({ postgresUrl }, { onCleanup }) => {
    const gate = await openGate(Number(new URL(postgresUrl).port));
    onCleanup(() => gate.close());
    return gate;
  })
  .extend("limits", { connectTimeoutMs: 500, statementTimeoutMs: 300 })
  .extend("pool", async ({ postgresUrl, gate, limits }, { onCleanup }) => {
    const databaseUrl = Object.assign(new URL(postgresUrl), { port: String(gate.port) }).href;
    const pool = createPostgresPool({ databaseUrl, log: silent, ...limits });
    onCleanup(() => pool.end());
    return guardPool(pool);
  })
  .extend(
    "db",
    ({ pool }) => new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }) }),
  );

/** With the patience of a process, for what is not about it. */
const patiently = test.extend("limits", { connectTimeoutMs: 5000, statementTimeoutMs: 10_000 });

const unavailable = { code: "unavailable", cause: expect.anything() };

test("a statement that takes too long is ended by the server", async ({ db }) => {
  await expect(sql`select pg_sleep(60)`.execute(db)).rejects.toMatchObject(unavailable);
  await sql`select 1`.execute(db);
});

test("a server that hangs holds up nobody for long, and no connection waits for its old answer", async ({
  db,
  gate,
}) => {
  await sql`select 1`.execute(db);
  gate.freeze();
  await expect(sql`select 1`.execute(db)).rejects.toMatchObject(unavailable);
  await expect(sql`select 1`.execute(db)).rejects.toMatchObject(unavailable);
  gate.open();
  await sql`select 1`.execute(db);
});

test("a transaction that lost its server is unavailable, and the next one gets another connection", async ({
  db,
  gate,
}) => {
  const failing = db.transaction().execute(async (tx) => {
    await sql`select 1`.execute(tx);
    gate.shut();
    await sql`select 1`.execute(tx);
  });
  await expect(failing).rejects.toMatchObject(unavailable);
  gate.open();
  await sql`select 1`.execute(db);
});

test("a process that freezes in a transaction gives back its locks", async ({ db }) => {
  await sql`create table locked (id int); insert into locked values (1)`.execute(db);
  let isGivenBack = false;
  const frozen = db.transaction().execute(async (tx) => {
    await sql`update locked set id = 2`.execute(tx);
    await vi.waitFor(() => sql`update locked set id = 3`.execute(db), { timeout: 5_000 });
    isGivenBack = true;
    await sql`select 1`.execute(tx);
  });
  await expect(frozen).rejects.toMatchObject(unavailable);
  expect(isGivenBack).toBe(true);
});

patiently(
  "processes that start together apply each migration once, in order",
  async ({ pool, db }) => {
    const migrations = [
      { name: "0001-a.sql", sql: "create table steps (id int); insert into steps values (1)" },
      { name: "0002-b.sql", sql: "insert into steps values (2)" },
    ];
    await Promise.all(Array.from({ length: 5 }, () => migrate(pool, silent, migrations)));
    expect((await sql`select id from steps`.execute(db)).rows).toEqual([{ id: 1 }, { id: 2 }]);
  },
);

patiently(
  "an applied migration that was changed is refused, and nothing after it is applied",
  async ({ pool, db }) => {
    const first = { name: "0003-c.sql", sql: "create table third (id int)" };
    const second = { name: "0004-d.sql", sql: "create table fourth (id int)" };
    await migrate(pool, silent, [first]);
    const changed = migrate(pool, silent, [
      { ...first, sql: "create table other (id int)" },
      second,
    ]);
    await expect(changed).rejects.toThrow("0003-c.sql was changed after it was applied");
    await expect(sql`select * from fourth`.execute(db)).rejects.toMatchObject({ code: "42P01" });
  },
);

patiently("a migration that fails leaves nothing behind", async ({ pool, db }) => {
  const failing = { name: "0005-e.sql", sql: "create table fifth (id int); select 1 / 0" };
  await expect(migrate(pool, silent, [failing])).rejects.toMatchObject({ code: "22012" });
  await expect(sql`select * from fifth`.execute(db)).rejects.toMatchObject({ code: "42P01" });
  await migrate(pool, silent, [{ ...failing, sql: "create table fifth (id int)" }]);
});
