import Type, { type Static } from "typebox";

export const TRANSCRIPT_FORMATS = ["txt", "srt", "vtt", "json"] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

export const TranscriptionOptions = Type.Object(
  {
    language: Type.Optional(
      Type.String({
        maxLength: 35,
        pattern: "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description: "Language spoken, such as en or pt-BR; left out: the engine finds out",
      }),
    ),
    formats: Type.Optional(
      Type.Array(Type.Enum(TRANSCRIPT_FORMATS), {
        minItems: 1,
        maxItems: TRANSCRIPT_FORMATS.length,
        uniqueItems: true,
        description: "Files to make; left out: all four",
      }),
    ),
  },
  { $id: "TranscriptionOptions", additionalProperties: false },
);
export type TranscriptionOptions = Static<typeof TranscriptionOptions>;

export const TranscriptionResult = Type.Object({
  language: Type.Union([Type.String(), Type.Null()], {
    description: "null: nobody said, and the engine does not tell",
  }),
  duration: Type.Number({ description: "Seconds" }),
  segments: Type.Integer({ description: "How many" }),
  text: Type.String({ description: "The first 2,000 characters" }),
});
export type TranscriptionResult = Static<typeof TranscriptionResult>;
