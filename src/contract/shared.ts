import Type, { type Static, type TSchema } from "typebox";

/** On the wire an absent field is `null`, never missing. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** Printable characters only: ids and names end up in keys, logs and headers. */
export const Id = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: "^[\\x21-\\x7e\\u00a0-\\uffff]+$",
});

export const UserId = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: "^[^\\x00-\\x1f\\x7f]+$",
  description: "User id: 1–128 printable characters",
});

export const GroupName = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: "^[^\\x00-\\x1f\\x7f]+$",
  description: "Group name: 1–128 printable characters",
});

export const Timestamp = Type.String({ format: "date-time", description: "ISO 8601, UTC" });

export const Metadata = Type.Record(Type.String(), Type.String(), {
  maxProperties: 20,
  description: "Given back unread; at most 20 keys and 2 KiB",
});
export type Metadata = Static<typeof Metadata>;

/** Any JSON object. */
export const JsonObject = Type.Record(Type.String(), Type.Unknown());
export type JsonObject = Static<typeof JsonObject>;
