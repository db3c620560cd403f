import { type Kysely, type Selectable, sql } from "kysely";
import { isFinal, JOB_STATUSES } from "../contract/job.ts";
import { type Batch, type BatchCounts, countsOf } from "../contract/batch.ts";
import type { BatchesRow, Tables } from "./tables.ts";

/** What never changes of a batch. */
export type BatchRecord = Pick<
  Batch,
  "batchId" | "userId" | "name" | "caseId" | "total" | "createdAt"
>;

export interface BatchFilter {
  userId: string;
  /** The last batch of the page before. */
  before?: { createdAt: Date; batchId: string } | undefined;
  limit: number;
}

/** The batches of the history. `db` may be a transaction. */
export function createBatchesTable(db: Kysely<Tables>) {
  return {
    /** Once for a batch, however often it is called. */
    async insert({ batchId, userId, name, caseId, total, createdAt }: BatchRecord): Promise<void> {
      await db
        .insertInto("batches")
        .values({
          batch_id: batchId,
          user_id: userId,
          name,
          case_id: caseId,
          total,
          created_at: new Date(createdAt),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async find(batchId: string): Promise<BatchRecord | undefined> {
      const row = await db
        .selectFrom("batches")
        .selectAll()
        .where("batch_id", "=", batchId)
        .executeTakeFirst();
      return row === undefined ? undefined : toRecord(row);
    },

    /** Newest first, by creation and then by id. */
    async list({ userId, before, limit }: BatchFilter): Promise<BatchRecord[]> {
      let query = db.selectFrom("batches").selectAll().where("user_id", "=", userId);
      if (before !== undefined) {
        const { createdAt, batchId } = before;
        query = query.where((eb) =>
          eb(eb.refTuple("created_at", "batch_id"), "<", eb.tuple(createdAt, batchId)),
        );
      }
      const rows = await query
        .orderBy("created_at", "desc")
        .orderBy("batch_id", "desc")
        .limit(limit)
        .execute();
      return rows.map(toRecord);
    },

    /** How batches stand by what the history has read of their jobs; jobs that were deleted since are not counted. */
    async states(records: readonly BatchRecord[]): Promise<Batch[]> {
      if (records.length === 0) return [];
      const rows = await db
        .selectFrom("jobs")
        .select((eb) => [
          "batch_id",
          "status",
          eb.fn.countAll<number>().as("count"),
          eb.fn.max("finished_at").as("finishedAt"),
        ])
        .where("batch_id", "=", sql<string>`any(${records.map(({ batchId }) => batchId)}::text[])`)
        .groupBy(["batch_id", "status"])
        .execute();
      return records.map((record) => {
        const own = rows.filter((row) => row.batch_id === record.batchId);
        const counts = countsOf(Object.fromEntries(own.map((row) => [row.status, row.count])));
        return toBatch(record, counts, newest(own.map((row) => row.finishedAt)));
      });
    },

    async remove(batchId: string): Promise<void> {
      await db.deleteFrom("batches").where("batch_id", "=", batchId).execute();
    },

    /** Removes old ones that have no job left, and says how many. */
    async removeEmptyBefore(date: Date): Promise<number> {
      const { numDeletedRows } = await db
        .deleteFrom("batches")
        .where("created_at", "<", date)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom("jobs")
                .select("job_id")
                .whereRef("jobs.batch_id", "=", "batches.batch_id"),
            ),
          ),
        )
        .executeTakeFirst();
      return Number(numDeletedRows);
    },
  };
}
export type BatchesTable = ReturnType<typeof createBatchesTable>;

const newest = (dates: (Date | null)[]): Date | undefined =>
  dates.reduce<Date | undefined>(
    (latest, date) => (date !== null && (latest === undefined || date > latest) ? date : latest),
    undefined,
  );

/** Redis knows of every batch that is open, so one that is only here has ended unless a job of it says otherwise. */
function toBatch(record: BatchRecord, counts: BatchCounts, endedAt: Date | undefined): Batch {
  const ended = JOB_STATUSES.filter(isFinal).reduce((sum, status) => sum + counts[status], 0);
  const known = ended + counts.queued + counts.processing;
  const isOver = known === ended;
  return {
    ...record,
    counts,
    progress: known === 0 ? 100 : Math.floor((ended / known) * 1000) / 10,
    status: isOver ? "finished" : "open",
    finishedAt: isOver ? (endedAt?.toISOString() ?? record.createdAt) : null,
  };
}

const toRecord = (row: Selectable<BatchesRow>): BatchRecord => ({
  batchId: row.batch_id,
  userId: row.user_id,
  name: row.name,
  caseId: row.case_id,
  total: row.total,
  createdAt: row.created_at.toISOString(),
});
