import Type, { type Static } from "typebox";
import { Job } from "./job.ts";
import { Nullable } from "./shared.ts";

/** The protocol spoken here; `auth.protocol` may name it. */
export const PROTOCOL = 1;

/** Events of a job that are facts: numbered, stored, replayed. */
export const JOB_FACTS = [
  "job-queued",
  "job-started",
  "job-retrying",
  "job-completed",
  "job-failed",
  "job-cancelled",
] as const;
export type JobFact = (typeof JOB_FACTS)[number];

/** The event of a job of which only the newest counts. */
export const JOB_GAUGE = "job-progress";

/** The event of a gauge that says how busy the queues are. */
export const QUEUE_STATUS = "queue-status";

/** What a fact carries beside its own data. */
export const FactFields = Type.Object({
  feed: Type.String(),
  cursor: Type.String({ description: "`<epoch>-<seq>`" }),
  at: Type.String({ format: "date-time" }),
  eventId: Type.String({ description: "The same on every feed that tells it" }),
});

/** A client's `auth`. Wrong types are refused; what is unknown is ignored. */
export const HandshakeAuth = Type.Object({
  token: Type.Optional(Type.String({ maxLength: 8192 })),
  cursors: Type.Optional(Nullable(Type.Record(Type.String(), Type.Unknown()))),
  device: Type.Optional(Nullable(Type.String({ maxLength: 64 }))),
  protocol: Type.Optional(Nullable(Type.Number())),
});
export type HandshakeAuth = Static<typeof HandshakeAuth>;

/** The first thing that is said on a plain WebSocket without a token in its address. */
export const WebSocketAuth = Type.Object({
  token: Type.String({ maxLength: 8192 }),
  cursor: Type.Optional(Type.String({ maxLength: 16_384, description: "As `ready` had it" })),
  cursors: Type.Optional(
    Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.String({ maxLength: 16_384 })], {
      description: "The map that sockets use, as it is or as JSON text",
    }),
  ),
  topics: Type.Optional(Type.String({ maxLength: 16_384, description: "Comma list" })),
  protocol: Type.Optional(Type.Number()),
});
export type WebSocketAuth = Static<typeof WebSocketAuth>;

export const Ready = Type.Object({
  userId: Nullable(Type.String()),
  sessionId: Type.String(),
  protocol: Type.Literal(PROTOCOL),
  recovered: Type.Boolean({ description: "Cursors were given and all were replayed" }),
  cursors: Type.Record(Type.String(), Type.String()),
  cursor: Type.String({ description: "All feeds in one opaque string" }),
  jobs: Type.Array(Job, { description: "Open ones, newest 100" }),
  openJobs: Type.Integer({ minimum: 0 }),
  unread: Type.Integer({ minimum: 0 }),
  node: Type.String(),
});
export type Ready = Static<typeof Ready>;

export const ResyncReason = Type.Enum(["expired", "epoch", "unknown"] as const);
export type ResyncReason = Static<typeof ResyncReason>;

export const Resync = Type.Object({
  feed: Type.String(),
  cursor: Type.String(),
  reason: ResyncReason,
});
export type Resync = Static<typeof Resync>;

export const AuthErrorEvent = Type.Object({
  code: Type.Enum(["token_expiring", "token_expired", "token_invalid"] as const),
  message: Type.String(),
});
export type AuthErrorEvent = Static<typeof AuthErrorEvent>;

export const ServerDraining = Type.Object({
  reconnectIn: Type.Integer({ minimum: 0, description: "Milliseconds" }),
});
export type ServerDraining = Static<typeof ServerDraining>;

export const SubscribeRequest = Type.Object(
  {
    topic: Type.String({ minLength: 1, maxLength: 200 }),
    cursor: Type.Optional(Nullable(Type.String({ maxLength: 64 }))),
  },
  { additionalProperties: false },
);
export const UnsubscribeRequest = Type.Object(
  { topic: Type.String({ minLength: 1, maxLength: 200 }) },
  { additionalProperties: false },
);
export const AuthRefreshRequest = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 8192 }) },
  { additionalProperties: false },
);

export const WireError = Type.Object({
  code: Type.String(),
  message: Type.String(),
  retryable: Type.Boolean(),
});
export type WireError = Static<typeof WireError>;

/** What a client's event is answered with. */
export type Acknowledgement =
  | ({ ok: true } & Record<string, unknown>)
  | { ok: false; error: WireError };
