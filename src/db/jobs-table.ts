import { type Insertable, type Kysely, sql } from "kysely";
import type { JobCounts } from "../contract/http.ts";
import type { JobStatus, Lane } from "../contract/job.ts";
import type { Audience } from "../contract/names.ts";
import type { JobSnapshot } from "../jobs/snapshot.ts";
import { toJsonb } from "./jsonb.ts";
import type { JobsRow, Tables } from "./tables.ts";

/** A job as the history has it, and the feeds that tell of it. */
export interface JobEntry {
  snapshot: JobSnapshot;
  audiences: Audience[];
}

export interface JobFilter {
  /** Everyone's when left out. */
  userId?: string | undefined;
  statuses?: readonly JobStatus[] | undefined;
  types?: readonly string[] | undefined;
  caseId?: string | undefined;
  batchId?: string | undefined;
  createdAfter?: Date | undefined;
  updatedAfter?: Date | undefined;
  /** The last job of the page before. */
  before?: { createdAt: Date; jobId: string } | undefined;
  limit: number;
}

/** A page of jobs: as many as were asked for, fewer when they are large. */
export interface JobRows {
  entries: JobEntry[];
  hasMore: boolean;
}

/** Results may be 64 KiB each, and a hundred people may ask for all of theirs at once: after Redis has lost something they do. */
const MAX_PAGE_BYTES = 1024 * 1024;

export interface CountOptions {
  /** Ids of jobs that are counted elsewhere. */
  except?: readonly string[];
}

/** The jobs of the history. `db` may be a transaction. */
export function createJobsTable(db: Kysely<Tables>) {
  return {
    async find(jobId: string): Promise<JobEntry | undefined> {
      return await db
        .selectFrom("jobs")
        .select(["snapshot", "audiences"])
        .where("job_id", "=", jobId)
        .executeTakeFirst();
    },

    /** Newest first, by creation and then by id. */
    async list(filter: JobFilter): Promise<JobRows> {
      const rows = await db
        .selectFrom(select(db, { ...filter, limit: filter.limit + 1 }).as("page"))
        .select(["audiences", fittingSnapshot.as("snapshot")])
        .orderBy("created_at", "desc")
        .orderBy("job_id", "desc")
        .execute();
      const entries = rows
        .slice(0, filter.limit)
        .flatMap(({ snapshot, audiences }) => (snapshot === null ? [] : [{ snapshot, audiences }]));
      return { entries, hasMore: entries.length < rows.length };
    },

    /** Of one user, or of everyone; the jobs of `except` are not counted. */
    async counts(userId?: string, { except = [] }: CountOptions = {}): Promise<JobCounts> {
      const rows = await db
        .selectFrom("jobs")
        .select((eb) => ["type", "status", eb.fn.countAll<number>().as("count")])
        .$if(userId !== undefined, (query) => query.where("user_id", "=", userId ?? ""))
        .$if(except.length > 0, (query) => query.where(isNoneOf(except)))
        .groupBy(["type", "status"])
        .execute();
      const counts: JobCounts = {};
      for (const { type, status, count } of rows)
        counts[type] = { ...counts[type], [status]: count };
      return counts;
    },

    /** Which of these jobs have no outcome here, or one from before `since`. */
    async notFinishedSince(jobIds: readonly string[], since: Date): Promise<string[]> {
      const { rows } = await sql<{ id: string }>`
        select id from unnest(${[...jobIds]}::text[]) as id
        where not exists (select from jobs where job_id = id and finished_at >= ${since})
      `.execute(db);
      return rows.map(({ id }) => id);
    },

    /** Whether it was there. */
    async remove(jobId: string): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom("jobs")
        .where("job_id", "=", jobId)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },

    /** At most `limit` jobs that finished before a date, oldest first. */
    async finishedBefore(date: Date, limit: number): Promise<string[]> {
      const rows = await db
        .selectFrom("jobs")
        .select("job_id")
        .where("finished_at", "<", date)
        .orderBy("finished_at")
        .limit(limit)
        .execute();
      return rows.map((row) => row.job_id);
    },

    async removeMany(jobIds: readonly string[]): Promise<void> {
      await db.deleteFrom("jobs").where("job_id", "=", anyOf(jobIds)).execute();
    },

    /** Those that are there, locked until the transaction ends. */
    async load(jobIds: readonly string[]): Promise<Map<string, JobEntry>> {
      if (jobIds.length === 0) return new Map();
      const rows = await db
        .selectFrom("jobs")
        .select(["job_id", "snapshot", "audiences"])
        .where("job_id", "=", anyOf(jobIds))
        // Two transactions that lock in different orders would wait for each other.
        .orderBy("job_id")
        .forUpdate()
        .execute();
      return new Map(
        rows.map(({ job_id, snapshot, audiences }) => [job_id, { snapshot, audiences }]),
      );
    },

    async upsert(entries: readonly JobEntry[]): Promise<void> {
      if (entries.length === 0) return;
      await db
        .insertInto("jobs")
        .values(entries.map(toRow))
        .onConflict((conflict) =>
          conflict.column("job_id").doUpdateSet((eb) => ({
            status: eb.ref("excluded.status"),
            run: eb.ref("excluded.run"),
            snapshot: eb.ref("excluded.snapshot"),
            updated_at: eb.ref("excluded.updated_at"),
            finished_at: eb.ref("excluded.finished_at"),
          })),
        )
        .execute();
    },

    /** Ids of a lane's jobs that have no outcome yet. */
    async openIds(type: string, lane: Lane): Promise<string[]> {
      const rows = await db
        .selectFrom("jobs")
        .select("job_id")
        .where("type", "=", type)
        .where("lane", "=", lane)
        .where("finished_at", "is", null)
        .execute();
      return rows.map((row) => row.job_id);
    },
  };
}
export type JobsTable = ReturnType<typeof createJobsTable>;

function select(db: Kysely<Tables>, filter: JobFilter) {
  const { userId, statuses, types, caseId, batchId, createdAfter, updatedAfter, before, limit } =
    filter;
  let query = db
    .selectFrom("jobs")
    .select(["snapshot", "audiences", "created_at", "job_id", bytesBefore.as("bytes_before")]);
  if (userId !== undefined) query = query.where("user_id", "=", userId);
  if (statuses !== undefined) query = query.where("status", "=", anyOf(statuses));
  if (types !== undefined) query = query.where("type", "=", anyOf(types));
  if (caseId !== undefined) query = query.where("case_id", "=", caseId);
  if (batchId !== undefined) query = query.where("batch_id", "=", batchId);
  if (createdAfter !== undefined) query = query.where("created_at", ">", createdAfter);
  if (updatedAfter !== undefined) query = query.where("updated_at", ">", updatedAfter);
  if (before !== undefined) {
    const { createdAt, jobId } = before;
    query = query.where((eb) =>
      eb(eb.refTuple("created_at", "job_id"), "<", eb.tuple(createdAt, jobId)),
    );
  }
  return query.orderBy("created_at", "desc").orderBy("job_id", "desc").limit(limit);
}

/** How large the snapshots are that come before a job in its list. */
const bytesBefore = sql<number>`coalesce(sum(octet_length(snapshot::text)) over (
  order by created_at desc, job_id desc rows between unbounded preceding and 1 preceding), 0)`;

/** The snapshot, or nothing when those before it fill the page: what would not be given is not sent here either. */
const fittingSnapshot = sql<JobSnapshot | null>`case when bytes_before < ${MAX_PAGE_BYTES} then snapshot end`;

/** One parameter however many values, so that every batch is the same statement. */
const anyOf = <Value extends string>(values: readonly Value[]) =>
  sql<Value>`any(${[...values]}::text[])`;

/** By a subquery, which is hashed: `<> all(…)` compares each row with each value on older servers. */
const isNoneOf = (jobIds: readonly string[]) =>
  sql<boolean>`job_id not in (select unnest(${[...jobIds]}::text[]))`;

function toRow({ snapshot, audiences }: JobEntry): Insertable<JobsRow> {
  const { job, run } = snapshot;
  return {
    job_id: job.jobId,
    user_id: job.userId,
    type: job.type,
    lane: job.lane,
    status: job.status,
    case_id: job.caseId,
    batch_id: job.batchId,
    parent_id: job.parentId,
    audiences,
    run,
    snapshot: toJsonb(snapshot),
    created_at: new Date(job.createdAt),
    updated_at: new Date(job.updatedAt),
    finished_at: job.finishedAt === null ? null : new Date(job.finishedAt),
  };
}
