import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** An entry of a tail that somebody has seen, and the generation of the partition then. */
export interface TailMark {
  entryId: string;
  generation: string;
}

/** What Redis has acknowledged, by the names of tails, kept where no failover of Redis rolls it back. */
export interface TailMarks {
  load(tails: string[]): Promise<Map<string, TailMark>>;
  /** Of two marks of a tail the later one stays. */
  save(marks: ReadonlyMap<string, TailMark>): Promise<void>;
  forget(tails: string[]): Promise<void>;
}

export function createTailMarksTable(db: Kysely<Tables>): TailMarks {
  return {
    async load(tails) {
      const rows = await db
        .selectFrom("tail_marks")
        .selectAll()
        .where("tail", "in", tails)
        .execute();
      return new Map(
        rows.map(({ tail, ms, n, generation }) => [tail, { entryId: `${ms}-${n}`, generation }]),
      );
    },

    async save(marks) {
      if (marks.size === 0) return;
      const rows = Array.from(marks, ([tail, { entryId, generation }]) => {
        const [ms = "0", n = "0"] = entryId.split("-", 2);
        return { tail, ms, n, generation };
      });
      await db
        .insertInto("tail_marks")
        .values(rows)
        .onConflict((conflict) =>
          conflict
            .column("tail")
            .doUpdateSet((eb) => ({
              ms: eb.ref("excluded.ms"),
              n: eb.ref("excluded.n"),
              generation: eb.ref("excluded.generation"),
            }))
            .where(sql<boolean>`(excluded.ms, excluded.n) > (tail_marks.ms, tail_marks.n)`),
        )
        .execute();
    },

    async forget(tails) {
      await db.deleteFrom("tail_marks").where("tail", "in", tails).execute();
    },
  };
}
