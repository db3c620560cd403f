import Type, { type Static } from "typebox";
import { JOB_STATUSES, JobRequest } from "./job.ts";
import { Id, Nullable, Timestamp, UserId } from "./shared.ts";

/** Tells how far a batch is; of which only the newest counts. */
export const BATCH_GAUGE = "batch-progress";
/** Tells that all jobs of a batch have ended. */
export const BATCH_FACT = "batch-finished";
export type BatchEventName = typeof BATCH_GAUGE | typeof BATCH_FACT;

export const MAX_BATCH_JOBS = 1000;

const count = Type.Integer({ minimum: 0 });

/** Jobs that were asked for together, and those that follow them, with one progress figure. */
export const Batch = Type.Object(
  {
    batchId: Id,
    userId: Nullable(UserId),
    name: Nullable(Type.String()),
    caseId: Nullable(Type.String()),
    total: Type.Integer({
      minimum: 1,
      description: "Jobs that follow others count from the start",
    }),
    counts: Type.Object({
      queued: count,
      processing: count,
      completed: count,
      failed: count,
      cancelled: count,
    }),
    progress: Type.Number({
      minimum: 0,
      maximum: 100,
      description: "Percent: the mean of its jobs, of which one that has ended counts in full",
    }),
    status: Type.Enum(["open", "finished"] as const),
    createdAt: Timestamp,
    finishedAt: Nullable(Timestamp),
  },
  { $id: "Batch" },
);
export type Batch = Static<typeof Batch>;
export type BatchCounts = Batch["counts"];

export const NO_JOBS: BatchCounts = {
  queued: 0,
  processing: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
};
export const countsOf = (counts: Partial<Record<string, number>>): BatchCounts => {
  const all = { ...NO_JOBS };
  for (const status of JOB_STATUSES) all[status] = counts[status] ?? 0;
  return all;
};

/** The jobs are checked one by one, so that what is wrong is named by its place. */
export const BatchRequest = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    jobs: Type.Array(JobRequest, { minItems: 1, maxItems: MAX_BATCH_JOBS }),
  },
  { $id: "BatchRequest", additionalProperties: false },
);
export type BatchRequest = Static<typeof BatchRequest>;

export const BatchParams = Type.Object({ batchId: Type.String({ minLength: 1, maxLength: 128 }) });

export const ListBatchesQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })),
    cursor: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);
export type ListBatchesQuery = Static<typeof ListBatchesQuery>;

export const BatchList = Type.Object(
  { items: Type.Array(Batch), nextCursor: Nullable(Type.String()) },
  { $id: "BatchList" },
);
