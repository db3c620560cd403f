import { type Kysely, type Selectable, sql } from "kysely";
import { toJsonb } from "./jsonb.ts";
import type { IntentsRow, Tables } from "./tables.ts";

/** A call with a key, as written down before it takes effect. `payload` is all that is needed to finish it. */
export interface Intent {
  id: number;
  caller: string;
  route: string;
  key: string;
  bodyHash: string;
  jobIds: string[];
  payload: unknown;
  /** `null` while it is pending. */
  answer: unknown;
  createdAt: Date;
  updatedAt: Date;
}

/** Whose key it is, and for what. */
export type IntentKey = Pick<Intent, "caller" | "route" | "key">;
export type NewIntent = Pick<
  Intent,
  "caller" | "route" | "key" | "bodyHash" | "jobIds" | "payload"
>;

/** `new`: written just now, by this call; else what an earlier call with the same key wrote. */
export interface Begun {
  kind: "new" | "pending" | "done";
  row: Intent;
}

/** Calls with an `Idempotency-Key`. Ages are measured by the database's clock, the one that all processes share. */
export function createIntentsTable(db: Kysely<Tables>) {
  return {
    /** Of calls that come together exactly one gets `new`. */
    async begin(intent: NewIntent): Promise<Begun> {
      for (;;) {
        const begun = (await insert(db, intent)) ?? (await find(db, intent));
        // Neither: the earlier one was abandoned in between.
        if (begun !== undefined) return begun;
      }
    },

    /** What an earlier call wrote. */
    find: (key: IntentKey): Promise<Begun | undefined> => find(db, key),

    /**
     * Takes a pending call in hand, as it was seen, and resolves to it as it is from then on; `undefined` when somebody else has done so since, or it is
     * done or gone. Of several exactly one gets it.
     */
    async hold(seen: Seen): Promise<Intent | undefined> {
      const row = await asSeen(db, seen)
        .set({ updated_at: sql`clock_timestamp()` })
        .returningAll()
        .executeTakeFirst();
      return row === undefined ? undefined : toIntent(row);
    },

    /** The opposite of `hold`: whoever comes next may take it in hand at once. */
    async release(held: Seen): Promise<void> {
      await asSeen(db, held)
        .set({ updated_at: sql`to_timestamp(0)` })
        .execute();
    },

    /** Keeps the answer for whoever repeats the call. */
    async finish(id: number, answer: unknown): Promise<void> {
      await db
        .updateTable("intents")
        .set({ state: "done", answer: toJsonb(answer), updated_at: sql`now()` })
        .where("id", "=", id)
        .execute();
    },

    /** Forgets a call that was refused or failed, so that its key may be used again. One that is done stays. */
    async abandon(id: number): Promise<void> {
      await db.deleteFrom("intents").where("id", "=", id).where("state", "=", "pending").execute();
    },

    /** What a process left behind; oldest first, at most 100. */
    async pendingOlderThan(ms: number): Promise<Intent[]> {
      const rows = await db
        .selectFrom("intents")
        .selectAll()
        .where("state", "=", "pending")
        .where("updated_at", "<", ago(ms))
        .orderBy("updated_at")
        .limit(100)
        .execute();
      return rows.map(toIntent);
    },

    /** Removes finished ones and says how many; what is pending stays until it is finished. */
    async removeOlderThan(ms: number): Promise<number> {
      const { numDeletedRows } = await db
        .deleteFrom("intents")
        .where("state", "=", "done")
        .where("created_at", "<", ago(ms))
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
export type IntentsTable = ReturnType<typeof createIntentsTable>;

type Seen = Pick<Intent, "id" | "updatedAt">;

/** A pending call that nobody has taken in hand since it was seen. */
const asSeen = (db: Kysely<Tables>, { id, updatedAt }: Seen) =>
  db
    .updateTable("intents")
    .where("id", "=", id)
    .where("state", "=", "pending")
    // A date of JavaScript's knows no less than a millisecond.
    .where(sql`date_trunc('milliseconds', updated_at)`, "=", updatedAt);

const ago = (ms: number) => sql<Date>`now() - ${ms}::float8 * interval '1 millisecond'`;

async function insert(db: Kysely<Tables>, intent: NewIntent): Promise<Begun | undefined> {
  const { caller, route, key, bodyHash, jobIds, payload } = intent;
  const row = await db
    .insertInto("intents")
    .values({
      caller,
      route,
      key,
      body_hash: bodyHash,
      state: "pending",
      job_ids: jobIds,
      payload: toJsonb(payload),
      answer: null,
    })
    .onConflict((conflict) => conflict.columns(["caller", "route", "key"]).doNothing())
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : { kind: "new", row: toIntent(row) };
}

async function find(
  db: Kysely<Tables>,
  { caller, route, key }: IntentKey,
): Promise<Begun | undefined> {
  const row = await db
    .selectFrom("intents")
    .selectAll()
    .where("caller", "=", caller)
    .where("route", "=", route)
    .where("key", "=", key)
    .executeTakeFirst();
  return row === undefined ? undefined : { kind: row.state, row: toIntent(row) };
}

const toIntent = (row: Selectable<IntentsRow>): Intent => ({
  id: row.id,
  caller: row.caller,
  route: row.route,
  key: row.key,
  bodyHash: row.body_hash,
  jobIds: row.job_ids,
  payload: row.payload,
  answer: row.answer,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
