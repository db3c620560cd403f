import Type, { type Static } from "typebox";
import { JsonObject, Nullable } from "./shared.ts";

/** A file of the store, as a job's input or result refers to it. */
export const FileRef = Type.Object({
  key: Type.String(),
  name: Type.String(),
  contentType: Type.String(),
  bytes: Type.Integer({ minimum: 0 }),
});
export type FileRef = Static<typeof FileRef>;

/** Where a file is found: in the store, or at an address. */
export const WorkSource = Type.Union([
  Type.Object({ file: FileRef }),
  Type.Object({ url: Type.String() }),
]);
export type WorkSource = Static<typeof WorkSource>;

/** What to work on: one file, several, or the data itself. */
export const WorkInput = Type.Union([
  WorkSource,
  Type.Object({ files: Type.Array(WorkSource) }),
  Type.Object({ data: Type.Unknown() }),
]);
export type WorkInput = Static<typeof WorkInput>;

/**
 * The `data` of a BullMQ job. The run in hand is `runBase` plus BullMQ's own `attemptsStarted`: it only grows, also when a
 * cancelled job is added anew. `retries` counts the manual retries; a cancel request holds for the count it was made at.
 * `readyAt`, in ms since 1970, is from when on a job may run that waited for another or was retried; of any other, BullMQ knows.
 */
export const WorkData = Type.Object({
  input: WorkInput,
  options: JsonObject,
  runBase: Type.Integer({ minimum: 0 }),
  retries: Type.Integer({ minimum: 0 }),
  readyAt: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type WorkData = Static<typeof WorkData>;

/** Why an attempt failed, as a worker says it. */
export const WorkError = Type.Object({ code: Type.String(), message: Type.String() });
export type WorkError = Static<typeof WorkError>;

/**
 * A worker's `updateProgress`. `error` is the mark of an attempt that failed and will be repeated: it is told when BullMQ
 * moves the job back, and never by itself. A plain number is taken as `percent` of the run in hand.
 */
export const WorkProgress = Type.Object({
  run: Type.Integer({ minimum: 1 }),
  percent: Type.Number({ minimum: 0, maximum: 100 }),
  step: Nullable(Type.String()),
  partial: Type.Optional(Nullable(Type.Object({ text: Type.String() }))),
  error: Type.Optional(WorkError),
});
export type WorkProgress = Static<typeof WorkProgress>;

/** A worker's return value: by type, with the files it saved by their keys. Links are signed where it is read. */
export const WorkResult = Type.Intersect([
  Type.Object({ files: Type.Optional(Type.Array(FileRef)) }),
  JsonObject,
]);
export type WorkResult = JsonObject & { files?: FileRef[] };

/** BullMQ's `failedReason`, as JSON, when a run ends a job. Any other text is `internal`. */
export const WorkFailure = Type.Object({
  ...WorkError.properties,
  run: Type.Integer({ minimum: 0 }),
});
export type WorkFailure = Static<typeof WorkFailure>;
