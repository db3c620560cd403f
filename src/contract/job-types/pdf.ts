import Type, { type Static } from "typebox";

/** From 1, as people count them; both ends included. */
export interface PageRange {
  first: number;
  last: number;
}

/** Pages that a document may have, and pages of all documents that are merged. */
export const MAX_PAGES = 10_000;
/** Pages of which pictures are made, from the first. */
export const MAX_PICTURES = 100;
const MAX_RANGES = 100;
const MAX_HTML_CHARACTERS = 500_000;

/** `"1-3"` or `"5"`; `undefined` for what runs backwards or is no range at all. */
export function toPageRange(text: string): PageRange | undefined {
  const [, first = "", last = first] = /^([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?$/.exec(text) ?? [];
  if (first === "" || Number(first) > Number(last)) return undefined;
  return { first: Number(first), last: Number(last) };
}

const Range = Type.Refine(
  Type.String({ maxLength: 13 }),
  (text) => toPageRange(text) !== undefined,
  () => 'must be a page as "5" or pages as "1-3", from the lower to the higher',
);

/** Ranges become file names. */
const Ranges = Type.Refine(
  Type.Array(Range, { minItems: 1, maxItems: MAX_RANGES }),
  (ranges) => new Set(ranges).size === ranges.length,
  () => "must not have one range twice",
);

const strict = { additionalProperties: false } as const;

const Password = Type.String({ minLength: 1, maxLength: 128 });

export const PdfExtract = Type.Object(
  {
    operation: Type.Literal("extract"),
    password: Type.Optional(Password),
    pictures: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_PICTURES,
        description: `Pages of which a picture is made, from the first; ${MAX_PICTURES} unless given`,
      }),
    ),
  },
  strict,
);
export type PdfExtract = Static<typeof PdfExtract>;

export const PdfSplit = Type.Object(
  { operation: Type.Literal("split"), ranges: Ranges, password: Type.Optional(Password) },
  strict,
);
export type PdfSplit = Static<typeof PdfSplit>;

export const PdfMerge = Type.Object({ operation: Type.Literal("merge") }, strict);

export const PdfFromTemplate = Type.Object(
  { operation: Type.Literal("generate"), template: Type.String({ minLength: 1, maxLength: 64 }) },
  strict,
);
export type PdfFromTemplate = Static<typeof PdfFromTemplate>;

export const PdfFromHtml = Type.Object(
  {
    operation: Type.Literal("generate"),
    html: Type.String({
      minLength: 1,
      maxLength: MAX_HTML_CHARACTERS,
      description: "A whole page; its CSS may set the paper with @page, A4 unless it does",
    }),
  },
  strict,
);
export type PdfFromHtml = Static<typeof PdfFromHtml>;

export const PdfOptions = Type.Union(
  [PdfExtract, PdfSplit, PdfMerge, PdfFromTemplate, PdfFromHtml],
  {
    $id: "PdfOptions",
  },
);
export type PdfOptions = Static<typeof PdfOptions>;

export const PdfResult = Type.Object({
  pages: Type.Integer({ description: "Of the document; of the new one where one was made" }),
  title: Type.Union([Type.String(), Type.Null()]),
  characters: Type.Optional(Type.Integer({ description: "Of its text, as JavaScript counts" })),
});
export type PdfResult = Static<typeof PdfResult>;
