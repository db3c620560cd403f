import { JobcastError } from "../../errors.ts";

/**
 * Reads text as the type its schema asks for. What cannot be read that way stays text, for the check to complain of; only text that
 * should be JSON and is not fails here, with `invalid`.
 */
export function fromText(schema: unknown, text: unknown): unknown {
  if (typeof text !== "string") return text;
  switch (typeOf(schema)) {
    case "integer":
    case "number":
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" || (text === "false" ? false : text);
    case "object":
    case "array":
      return parseJson(text);
    default:
      return text;
  }
}

const typeOf = (schema: unknown): unknown =>
  typeof schema === "object" && schema !== null && "type" in schema ? schema.type : undefined;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, refusePrototypes);
  } catch (cause) {
    throw new JobcastError("invalid", "A field that must be JSON is not", { cause });
  }
}

/** As Fastify does with JSON bodies: such a key would be set as a prototype by the first careless copy. */
function refusePrototypes(key: string, value: unknown): unknown {
  const isPoisoned =
    key === "__proto__" ||
    (key === "constructor" &&
      typeof value === "object" &&
      value !== null &&
      Object.hasOwn(value, "prototype"));
  if (isPoisoned) throw new SyntaxError(`Forbidden key ${key}`);
  return value;
}
