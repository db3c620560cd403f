import Type, { type Static } from "typebox";
import { JsonObject, Timestamp } from "./shared.ts";

/** Bytes of a result as JSON. */
export const MAX_EXTERNAL_RESULT_BYTES = 64 * 1024;

const Claim = Type.String({
  minLength: 1,
  maxLength: 128,
  description: "As the claim's answer gave it",
});

export const ClaimRequest = Type.Object(
  {
    leaseSeconds: Type.Optional(
      Type.Integer({
        minimum: 5,
        maximum: 3600,
        default: 60,
        description: "Without a heartbeat or a report for so long, the job goes back in line",
      }),
    ),
  },
  { $id: "ClaimRequest", additionalProperties: false },
);
export type ClaimRequest = Static<typeof ClaimRequest>;

/** The right to report on a job until `expiresAt`; a heartbeat and a report of progress move that by another lease. */
export const Claimed = Type.Object(
  {
    claim: Type.String(),
    attempt: Type.Integer({ minimum: 1 }),
    expiresAt: Timestamp,
  },
  { $id: "Claimed" },
);
export type Claimed = Static<typeof Claimed>;

export const ClaimAnswer = Type.Object(
  {
    ...Claimed.properties,
    input: Type.Object({ data: Type.Unknown() }, { description: "As it was submitted" }),
  },
  { $id: "ClaimAnswer" },
);
export type ClaimAnswer = Static<typeof ClaimAnswer>;

export const HeartbeatRequest = Type.Object(
  { claim: Claim },
  { $id: "HeartbeatRequest", additionalProperties: false },
);
export type HeartbeatRequest = Static<typeof HeartbeatRequest>;

export const ProgressReport = Type.Object(
  {
    progress: Type.Number({ minimum: 0, maximum: 100 }),
    step: Type.Optional(Type.String({ maxLength: 200, description: "One line for the user" })),
    claim: Type.Optional(Claim),
  },
  { $id: "ProgressReport", additionalProperties: false },
);
export type ProgressReport = Static<typeof ProgressReport>;

const ReportedFile = Type.Object(
  {
    uploadId: Type.String({ minLength: 1, maxLength: 128 }),
    name: Type.String({
      maxLength: 128,
      pattern: "^[A-Za-z0-9_-][A-Za-z0-9._-]*$",
      description: "Letters, digits, `.`, `_` and `-`",
    }),
  },
  { additionalProperties: false },
);

export const CompleteReport = Type.Object(
  {
    result: JsonObject,
    files: Type.Optional(Type.Array(ReportedFile, { maxItems: 100 })),
    claim: Type.Optional(Claim),
  },
  { $id: "CompleteReport", additionalProperties: false },
);
export type CompleteReport = Static<typeof CompleteReport>;

export const FailReport = Type.Object(
  {
    error: Type.Object(
      {
        code: Type.String({
          pattern: "^[a-z][a-z0-9_]{0,63}$",
          description: "One of the codes of jobs; any other is told as `internal`",
        }),
        message: Type.String({
          minLength: 1,
          maxLength: 1000,
          description: "For the user to read: no path, stack or secret",
        }),
      },
      { additionalProperties: false },
    ),
    retry: Type.Optional(
      Type.Boolean({ default: false, description: "Once more, if an attempt is left" }),
    ),
    claim: Type.Optional(Claim),
  },
  { $id: "FailReport", additionalProperties: false },
);
export type FailReport = Static<typeof FailReport>;
