import Type, { type Static } from "typebox";
import { defineTemplate } from "../../define-template.ts";

const strict = { additionalProperties: false } as const;

const Line = Type.String({ minLength: 1, maxLength: 200 });
const Text = Type.String({ maxLength: 8000 });

const Table = Type.Refine(
  Type.Object(
    {
      title: Line,
      columns: Type.Array(Type.String({ maxLength: 200 }), { minItems: 1, maxItems: 8 }),
      rows: Type.Array(Type.Array(Text, { maxItems: 8 }), { maxItems: 1000 }),
    },
    strict,
  ),
  ({ columns, rows }) => rows.every((row) => row.length <= columns.length),
  () => "must have no row with more cells than columns",
);

const Picture = Type.Object(
  {
    caption: Line,
    image: Type.String({
      pattern: "^data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}$",
      description: "A data URI: PNG or JPEG",
    }),
  },
  strict,
);

const IncidentReport = Type.Object(
  {
    title: Line,
    reference: Type.Optional(Line),
    date: Line,
    reporter: Type.Optional(Line),
    location: Type.Optional(Line),
    summary: Text,
    facts: Type.Optional(
      Type.Array(Type.Object({ name: Line, value: Text }, strict), { maxItems: 100 }),
    ),
    sections: Type.Optional(
      Type.Array(Type.Object({ title: Line, text: Text }, strict), { maxItems: 50 }),
    ),
    tables: Type.Optional(Type.Array(Table, { maxItems: 20 })),
    pictures: Type.Optional(Type.Array(Picture, { maxItems: 20 })),
  },
  strict,
);
export type IncidentReport = Static<typeof IncidentReport>;

/** What happened: text, tables and pictures. */
export const template = defineTemplate({
  data: IncidentReport,
  title: ({ title }) => title,
  async render(paper, report) {
    const { renderIncidentReport } = await import("./render.ts");
    await renderIncidentReport(paper, report);
  },
});
