import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** Up to where a stream was read. After `gapFrom` entries were lost unread, and what they told was not made up for yet. */
export interface Place {
  place: string;
  gapFrom: string | null;
}

/** Before the first entry of any stream. */
export const FIRST_PLACE = "0-0";
export const START: Place = { place: FIRST_PLACE, gapFrom: null };

/** The history's places in the event streams. `db` may be a transaction. */
export function createPlacesTable(db: Kysely<Tables>) {
  return {
    /** The places of all sources; one that was never read has none, and stands at `START`. */
    async load(): Promise<Map<string, Place>> {
      const rows = await db.selectFrom("history_places").selectAll().execute();
      return new Map(rows.map((row) => [row.source, { place: row.place, gapFrom: row.gap_from }]));
    },

    /** Whether the place was still `from`. Others wait here until the transaction ends, and are then told no. */
    async move(source: string, from: Place, to: Place): Promise<boolean> {
      if (from.place === FIRST_PLACE) await begin(source);
      const { numUpdatedRows } = await db
        .updateTable("history_places")
        .set({ place: to.place, gap_from: to.gapFrom })
        .where("source", "=", source)
        .where("place", "=", from.place)
        .where("gap_from", "is not distinct from", from.gapFrom)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
  };

  async function begin(source: string): Promise<void> {
    await db
      .insertInto("history_places")
      .values({ source, place: FIRST_PLACE, gap_from: null })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}
