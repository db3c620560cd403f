import Type, { type Static } from "typebox";

export const FIELD_TYPES = ["string", "number", "integer", "boolean", "date"] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

const FIELD_NAME = "^[\\p{L}\\p{N}][\\p{L}\\p{N} _.-]{0,63}$";
const MAX_FIELDS = 50;

const Field = Type.Object(
  {
    type: Type.Optional(
      Type.Enum(FIELD_TYPES, { description: "string unless given; a date is YYYY-MM-DD" }),
    ),
    description: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
);

/** A list of names, or names with a type and a description each. */
export const AnalysisFields = Type.Union([
  Type.Array(Type.String({ pattern: FIELD_NAME }), {
    minItems: 1,
    maxItems: MAX_FIELDS,
    uniqueItems: true,
  }),
  Type.Record(Type.String({ pattern: FIELD_NAME }), Field, {
    additionalProperties: false,
    minProperties: 1,
    maxProperties: MAX_FIELDS,
  }),
]);
export type AnalysisFields = Static<typeof AnalysisFields>;

export const AnalysisOptions = Type.Object(
  {
    prompt: Type.Optional(
      Type.String({ minLength: 1, maxLength: 8000, description: "What to look at" }),
    ),
    fields: Type.Optional(AnalysisFields),
  },
  { $id: "AnalysisOptions", additionalProperties: false },
);
export type AnalysisOptions = Static<typeof AnalysisOptions>;

export const AnalysisData = Type.Object(
  { text: Type.String({ minLength: 1 }) },
  { additionalProperties: false },
);

export const FieldValue = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
export type FieldValue = Static<typeof FieldValue>;

export const AnalysisResult = Type.Object({
  summary: Type.Union([Type.String(), Type.Null()], {
    description: "null where no endpoint was asked",
  }),
  fields: Type.Union([Type.Record(Type.String(), FieldValue), Type.Null()], {
    description: "null where none were asked for; a field's null: not found",
  }),
});
export type AnalysisResult = Static<typeof AnalysisResult>;
