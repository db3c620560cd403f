import Type, { type Static } from "typebox";
import { defineTemplate } from "../../define-template.ts";

const strict = { additionalProperties: false } as const;

const Line = Type.String({ minLength: 1, maxLength: 200 });
const Text = Type.String({ minLength: 1, maxLength: 2000 });

const Party = Type.Object({ name: Line, address: Type.Array(Line, { maxItems: 6 }) }, strict);

const Position = Type.Object(
  {
    description: Type.String({ minLength: 1, maxLength: 1000 }),
    quantity: Type.Number({ minimum: 0, maximum: 1e6 }),
    unit: Type.Optional(Type.String({ maxLength: 20 })),
    unitPrice: Type.Number({ minimum: -1e9, maximum: 1e9, description: "Without tax" }),
    taxRate: Type.Number({ minimum: 0, maximum: 100, description: "Per cent" }),
  },
  strict,
);

const Invoice = Type.Object(
  {
    number: Line,
    date: Line,
    due: Type.Optional(Line),
    currency: Type.String({ pattern: "^[A-Z]{3}$", description: "ISO 4217" }),
    locale: Type.Optional(
      Type.String({
        pattern: "^[a-z]{2}(-[A-Z]{2})?$",
        description: "How numbers are written: en",
      }),
    ),
    from: Party,
    to: Party,
    positions: Type.Array(Position, { minItems: 1, maxItems: 500 }),
    note: Type.Optional(Text),
  },
  strict,
);
export type Invoice = Static<typeof Invoice>;

/** Positions, totals by tax rate, and what is to be paid. */
export const template = defineTemplate({
  data: Invoice,
  title: ({ number }) => `Invoice ${number}`,
  async render(paper, invoice) {
    const { renderInvoice } = await import("./render.ts");
    renderInvoice(paper, invoice);
  },
});
