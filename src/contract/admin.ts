import Type, { type Static } from "typebox";

/** Which finished jobs of everyone's an administrator means. */
export const BulkRequest = Type.Object(
  {
    status: Type.String({ minLength: 1, maxLength: 200, description: "Comma list" }),
    type: Type.Optional(Type.String({ maxLength: 1000, description: "Comma list" })),
    createdBefore: Type.Optional(Type.String({ format: "date-time" })),
  },
  { $id: "BulkRequest", additionalProperties: false },
);
export type BulkRequest = Static<typeof BulkRequest>;

export const BulkAnswer = Type.Object(
  {
    matched: Type.Integer({ minimum: 0, description: "At most 10,000 are looked at in one call" }),
    done: Type.Integer({
      minimum: 0,
      description: "Fewer than matched when time ran out, or others were faster: call again",
    }),
  },
  { $id: "BulkAnswer" },
);
export type BulkAnswer = Static<typeof BulkAnswer>;
