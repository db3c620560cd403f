import Type, { type Static } from "typebox";
import { Id, JsonObject, Metadata, Nullable, Timestamp, UserId } from "./shared.ts";

export const LANES = ["premium", "normal", "large"] as const;
export const Lane = Type.Enum(LANES);
export type Lane = Static<typeof Lane>;

export const JOB_STATUSES = ["queued", "processing", "completed", "failed", "cancelled"] as const;
export const JobStatus = Type.Enum(JOB_STATUSES);
export type JobStatus = Static<typeof JobStatus>;

/** After one of these nothing more is said of a run. */
export const isFinal = (status: JobStatus): boolean =>
  status === "completed" || status === "failed" || status === "cancelled";

export const JobError = Type.Object({
  code: Type.String(),
  message: Type.String({ description: "For the user to read: no path, stack or secret" }),
  retryable: Type.Boolean(),
});
export type JobError = Static<typeof JobError>;

export const ResultFile = Type.Object({
  name: Type.String(),
  url: Type.String({ description: "Signed link; absolute when PUBLIC_URL is set" }),
  contentType: Type.String(),
  bytes: Type.Integer({ minimum: 0 }),
  expiresAt: Timestamp,
});
export type ResultFile = Static<typeof ResultFile>;

/** By type; whatever else is in it, `files` are always signed links. */
export const JobResult = Type.Intersect([
  Type.Object({ files: Type.Optional(Type.Array(ResultFile)) }),
  JsonObject,
]);
export type JobResult = JsonObject & { files?: ResultFile[] };

export const JobInputSummary = Type.Object({
  name: Nullable(Type.String()),
  bytes: Nullable(Type.Integer({ minimum: 0 })),
  contentType: Nullable(Type.String()),
});

/** A job as everyone outside sees it. Facts carry it as it was then, gauges and reads as it is now. */
export const Job = Type.Object(
  {
    jobId: Id,
    type: Type.String(),
    userId: Nullable(UserId),
    lane: Lane,
    status: JobStatus,
    progress: Type.Number({
      minimum: 0,
      maximum: 100,
      description: "Percent; never goes back within an attempt",
    }),
    step: Nullable(Type.String({ description: "One line; while queued, why it waits" })),
    partial: Nullable(
      Type.Object({ text: Type.String({ description: "Newest 500 characters of a transcript" }) }),
    ),
    queuePosition: Nullable(Type.Integer({ minimum: 1, description: "1 = next" })),
    estimatedTime: Nullable(Type.Number({ minimum: 0, description: "Seconds until completed" })),
    attempt: Type.Integer({ minimum: 0 }),
    maxAttempts: Type.Integer({ minimum: 1 }),
    caseId: Nullable(Type.String()),
    batchId: Nullable(Type.String()),
    parentId: Nullable(Type.String()),
    metadata: Metadata,
    input: JobInputSummary,
    result: Nullable(JsonObject),
    error: Nullable(JobError),
    createdAt: Timestamp,
    startedAt: Nullable(Timestamp),
    finishedAt: Nullable(Timestamp),
    updatedAt: Timestamp,
  },
  { $id: "Job" },
);
export type Job = Static<typeof Job>;

/** Of one job. */
export const MAX_FOLLOWERS = 20;

/** What a caller sends. `input` and `options` are checked against the schemas of the type. */
export const JobRequest = Type.Object(
  {
    type: Type.String({ minLength: 1, maxLength: 64 }),
    input: JsonObject,
    options: Type.Optional(JsonObject),
    lane: Type.Optional(Lane),
    delay: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_592_000_000,
        description: "Milliseconds, at most 30 days",
      }),
    ),
    metadata: Type.Optional(Metadata),
    notify: Type.Optional(Type.Boolean()),
    then: Type.Optional(
      Type.Array(JsonObject, {
        maxItems: MAX_FOLLOWERS,
        description:
          'Each a `JobRequest`, run when this job has succeeded; its input may be `{"from": "parent", "file"?: "<name>"}`',
      }),
    ),
    userId: Type.Optional(UserId),
  },
  { $id: "JobRequest", additionalProperties: false },
);
export type JobRequest = Static<typeof JobRequest>;
