import type {
  AnalysisFields,
  FieldType,
  FieldValue,
} from "../../src/contract/job-types/analysis.ts";

/** A field that was asked for. */
export interface Field {
  name: string;
  type: FieldType;
  description: string | undefined;
}

export function toFields(asked: AnalysisFields | undefined): Field[] {
  if (asked === undefined) return [];
  if (Array.isArray(asked))
    return asked.map((name) => ({ name, type: "string", description: undefined }));
  return Object.entries(asked).map(([name, { type = "string", description }]) => ({
    name,
    type,
    description,
  }));
}

/** A date that exists, as `YYYY-MM-DD`. */
export const isDate = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) &&
  !Number.isNaN(Date.parse(text)) &&
  new Date(text).toISOString().startsWith(text);

const FITS: Record<FieldType, (value: unknown) => boolean> = {
  string: (value) => typeof value === "string",
  number: (value) => typeof value === "number",
  integer: (value) => Number.isSafeInteger(value),
  boolean: (value) => typeof value === "boolean",
  date: (value) => typeof value === "string" && isDate(value),
};

/** Whether a value is what its field asks for; `null` says that the text does not tell. */
export const fits = (value: unknown, type: FieldType): value is FieldValue =>
  value === null || FITS[type](value);

/** The fields as JSON Schema, in the strict form that services ask for: each is required, and may be `null`. */
export function toJsonSchema(fields: Field[]): object {
  const properties = fields.map(({ name, type, description }) => [
    name,
    {
      type: [type === "date" ? "string" : type, "null"],
      description: [description, type === "date" ? "YYYY-MM-DD" : undefined]
        .filter((words) => words !== undefined)
        .join("; "),
    },
  ]);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: fields.map(({ name }) => name),
    additionalProperties: false,
  };
}
