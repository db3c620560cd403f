import type { FieldProblem } from "../errors.ts";

/** As the schema library gives it. */
interface SchemaError {
  keyword: string;
  schemaPath: string;
  instancePath: string;
  message: string;
  params: object;
}

/** What is wrong with a value below `path`, field by field. Of a union, what is wrong by the one of its schemas that comes closest. */
export function toProblems(path: string, errors: SchemaError[]): FieldProblem[] {
  return (
    closest(errors)
      // An unknown field is told of twice: by its object, and by itself as "schema is false".
      .filter(({ keyword }) => keyword !== "additionalProperties")
      .flatMap((error) => toFieldProblems(`${path}${error.instancePath}`, error))
  );
}

function toFieldProblems(path: string, { keyword, message, params }: SchemaError): FieldProblem[] {
  if (keyword === "boolean") return [{ path, message: "Unknown field" }];
  if ("requiredProperties" in params && Array.isArray(params.requiredProperties))
    return params.requiredProperties.map((name) => ({
      path: `${path}/${String(name)}`,
      message: "Must be given",
    }));
  return [{ path, message }];
}

/** The schemas of a union differ by a constant: where that fits, or nothing else is wrong, the others are of no interest. */
function closest(errors: SchemaError[]): SchemaError[] {
  const branches = Object.values(Object.groupBy(errors, toBranch)).filter((some = []) =>
    some.every(({ schemaPath }) => schemaPath.startsWith(UNION)),
  );
  if (branches.length === 0) return errors;
  const [best = []] = branches.toSorted((a = [], b = []) => distance(a) - distance(b));
  const constant = best.find(({ keyword }) => keyword === "const");
  return constant === undefined ? best : [oneOf(constant, errors)];
}

const UNION = "#/anyOf/";
/** More than a union's object can have wrong otherwise. */
const WRONG_KIND = 1000;

const toBranch = ({ schemaPath }: SchemaError): string =>
  schemaPath.startsWith(UNION) ? schemaPath.split("/", 3).join("/") : "";

const distance = (errors: SchemaError[]): number =>
  errors.flatMap((error) => toFieldProblems("", error)).length +
  (errors.some(({ keyword }) => keyword === "const") ? WRONG_KIND : 0);

function oneOf(constant: SchemaError, errors: SchemaError[]): SchemaError {
  const allowed = errors
    .filter(
      ({ keyword, instancePath }) => keyword === "const" && instancePath === constant.instancePath,
    )
    .flatMap(({ params }) => ("allowedValue" in params ? [String(params.allowedValue)] : []));
  return { ...constant, message: `must be one of ${[...new Set(allowed)].join(", ")}` };
}
