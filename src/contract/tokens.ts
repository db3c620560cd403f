import Type, { type Static } from "typebox";
import { GroupName, Timestamp, UserId } from "./shared.ts";

export const Role = Type.Enum(["admin", "service"] as const);
export type Role = Static<typeof Role>;

/** The claims that Jobcast reads; others are left alone. */
export const Claims = Type.Object({
  sub: UserId,
  exp: Type.Number({ description: "Seconds since 1970; 5 s leeway" }),
  iat: Type.Optional(Type.Number()),
  roles: Type.Optional(Type.Array(Type.String(), { maxItems: 20 })),
  groups: Type.Optional(Type.Array(GroupName, { maxItems: 100 })),
  plan: Type.Optional(Type.String({ maxLength: 64 })),
  only: Type.Optional(
    Type.Array(Type.String({ pattern: "^(job:.+|events)$" }), {
      minItems: 1,
      maxItems: 1,
      description:
        'Good for reading that job, its events and its files: `["job:<id>"]`; or the events of its user: `["events"]`',
    }),
  ),
});
export type Claims = Static<typeof Claims>;

export const DevTokenRequest = Type.Object(
  {
    sub: UserId,
    roles: Type.Optional(Type.Array(Role)),
    groups: Type.Optional(Type.Array(GroupName, { maxItems: 100 })),
    plan: Type.Optional(Type.String({ maxLength: 64 })),
    ttl: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 86_400, default: 3600, description: "Seconds" }),
    ),
  },
  { $id: "DevTokenRequest", additionalProperties: false },
);
export const DevTokenAnswer = Type.Object({ token: Type.String() }, { $id: "DevTokenAnswer" });

export const JobTokenRequest = Type.Object(
  {
    ttl: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 86_400, default: 3600, description: "Seconds" }),
    ),
  },
  { $id: "JobTokenRequest", additionalProperties: false },
);
export const JobTokenAnswer = Type.Object(
  { token: Type.String(), expiresAt: Timestamp },
  { $id: "JobTokenAnswer" },
);

/** Whoever calls, as read from a verified token. */
export interface Caller {
  userId: string;
  /** `admin` is in the group `admins` by it. */
  isAdmin: boolean;
  /** A backend that acts for users. */
  isService: boolean;
  /** The token's groups, and `admins` for an administrator. */
  groups: string[];
  isPremium: boolean;
  /** The one job that a token made for it may read; nothing else is allowed with it. */
  onlyJob: string | undefined;
  /** Good for hearing the events of its user, and for nothing else. */
  onlyEvents: boolean;
  /** Milliseconds since 1970. */
  expiresAt: number;
}
