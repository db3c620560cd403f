import Type, { type Static } from "typebox";
import { Job } from "./job.ts";
import { Nullable } from "./shared.ts";

/** RFC 9457, `application/problem+json`. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String(),
    retryable: Type.Boolean(),
    errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  },
  { $id: "Problem" },
);
export type Problem = Static<typeof Problem>;

export const JobParams = Type.Object({ jobId: Type.String({ minLength: 1, maxLength: 128 }) });

export const ListJobsQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 200,
        default: 50,
        description: "Fewer come when they are large: `nextCursor` says whether there are more",
      }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 256 })),
    status: Type.Optional(Type.String({ maxLength: 200, description: "Comma list" })),
    type: Type.Optional(Type.String({ maxLength: 1000, description: "Comma list" })),
    caseId: Type.Optional(Type.String({ maxLength: 128 })),
    batchId: Type.Optional(Type.String({ maxLength: 128 })),
    createdAfter: Type.Optional(Type.String({ format: "date-time" })),
    updatedAfter: Type.Optional(Type.String({ format: "date-time" })),
    userId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: "`admin`, `service`; `*` for everyone",
      }),
    ),
  },
  { additionalProperties: false },
);
export type ListJobsQuery = Static<typeof ListJobsQuery>;

export const JobList = Type.Object(
  { items: Type.Array(Job), nextCursor: Nullable(Type.String()) },
  { $id: "JobList" },
);
export type JobList = Static<typeof JobList>;

/** `{<type>: {<status>: number}}` */
export const JobCounts = Type.Record(Type.String(), Type.Record(Type.String(), Type.Integer()), {
  $id: "JobCounts",
});
export type JobCounts = Static<typeof JobCounts>;

export const FileQuery = Type.Object({
  expires: Type.Optional(Type.String({ maxLength: 20 })),
  signature: Type.Optional(Type.String({ maxLength: 128 })),
});

const Check = Type.Object({
  ok: Type.Boolean(),
  latencyMs: Nullable(Type.Number()),
  detail: Nullable(Type.String()),
});
export const Readiness = Type.Object(
  {
    ready: Type.Boolean(),
    draining: Type.Boolean(),
    checks: Type.Object({ redis: Check, recorder: Check, postgres: Check, storage: Check }),
  },
  { $id: "Readiness" },
);
export type Readiness = Static<typeof Readiness>;
export type Check = Static<typeof Check>;

const LaneStatus = Type.Object({
  waiting: Type.Integer({ minimum: 0, description: "In line; those delayed are not" }),
  active: Type.Integer({ minimum: 0 }),
  avgWaitTime: Type.Number({
    minimum: 0,
    description:
      "Minutes, queued to started, over the last 15 minutes; without jobs that waited for another",
  }),
});

/** Over all types; also the data of `queue-status`. */
export const QueueStatus = Type.Object(
  {
    premium: LaneStatus,
    normal: LaneStatus,
    large: LaneStatus,
    totalWorkers: Type.Integer({ minimum: 0, description: "Slots" }),
    activeWorkers: Type.Integer({ minimum: 0, description: "Slots that have a job" }),
  },
  { $id: "QueueStatus" },
);
export type QueueStatus = Static<typeof QueueStatus>;

export const RealtimeStats = Type.Object(
  {
    available: Type.Boolean({ description: "False while draining or full" }),
    transports: Type.Array(Type.String()),
    protocol: Type.Integer(),
    connections: Type.Optional(Type.Integer()),
    users: Type.Optional(Type.Integer()),
    node: Type.Optional(Type.String()),
  },
  { $id: "RealtimeStats" },
);
export type RealtimeStats = Static<typeof RealtimeStats>;

const Where = {
  cursor: Type.Optional(
    Type.String({ maxLength: 16_384, description: "Of the last answer, event or `ready`" }),
  ),
  cursors: Type.Optional(
    Type.String({ maxLength: 16_384, description: "The map that sockets use, as JSON" }),
  ),
  topics: Type.Optional(
    Type.String({ maxLength: 16_384, description: "Comma list: `job:1,job:2`" }),
  ),
  protocol: Type.Optional(Type.String({ maxLength: 8 })),
};

export const EventsQuery = Type.Object(
  {
    ...Where,
    wait: Type.Optional(
      Type.Number({ minimum: 0, maximum: 25, default: 0, description: "Seconds" }),
    ),
  },
  { additionalProperties: false },
);

export const EventStreamQuery = Type.Object(
  { ...Where, token: Type.Optional(Type.String({ maxLength: 8192 })) },
  { additionalProperties: false },
);

export const EventsAnswer = Type.Object(
  {
    events: Type.Array(Type.Object({ event: Type.String(), data: Type.Unknown() })),
    cursor: Type.String({ description: "To be given back with the next question" }),
    cursors: Type.Record(Type.String(), Type.String()),
    pollAfter: Type.Integer({
      minimum: 0,
      description:
        "Milliseconds after which a plain poller should come again: 3000 while a job runs, 10000 while one waits, 0 when nothing is pending",
    }),
  },
  { $id: "EventsAnswer" },
);
export type EventsAnswer = Static<typeof EventsAnswer>;

export const EventTokenAnswer = Type.Object(
  { token: Type.String(), expiresAt: Type.String({ format: "date-time" }) },
  { $id: "EventTokenAnswer" },
);
