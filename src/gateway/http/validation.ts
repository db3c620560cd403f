import type { FastifySchemaCompiler } from "fastify";
import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { type FieldProblem, JobcastError } from "../../errors.ts";
import { fromText } from "./from-text.ts";

/** A check that hands back what fits, and fails with `invalid` and the fields that do not. Nothing is dropped or filled in. */
export function createCheck<T extends TSchema>(schema: T): (value: unknown) => Static<T> {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return value;
    const fields = toFieldProblems(validator.Errors(value));
    const [first] = fields;
    const detail = first === undefined ? "" : `: ${first.path} ${first.message}`;
    throw new JobcastError("invalid", `Malformed request${detail}`, { fields });
  };
}

/** Bodies are checked as they came; addresses hold only text, so what their schema says is a number is read as one. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = createCheck(schema);
  return (value: unknown) => {
    try {
      return { value: check(httpPart === "body" ? value : fromTexts(schema, value)) };
    } catch (thrown) {
      return { error: JobcastError.from(thrown) };
    }
  };
};

function fromTexts(schema: TSchema, value: unknown): unknown {
  const properties = "properties" in schema ? schema.properties : undefined;
  if (!isObject(properties) || !isObject(value)) return value;
  const entries = Object.entries(value).map(([name, text]) => [
    name,
    fromText(properties[name], text),
  ]);
  return Object.fromEntries(entries);
}

interface SchemaError {
  keyword: string;
  instancePath: string;
  message: string;
}

/** TypeBox tells an unknown field twice: at the field, and of the object that holds it. */
function toFieldProblems(errors: SchemaError[]): FieldProblem[] {
  return errors
    .filter(({ keyword }) => keyword !== "additionalProperties")
    .map(({ keyword, instancePath, message }) => ({
      path: instancePath === "" ? "/" : instancePath,
      message: keyword === "boolean" ? "is not a known field" : message,
    }));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
