/** Fails with what is wrong with a worker's definition, in words that follow its file's name. It may be plain JavaScript, so nothing is taken for granted. */
export function requireSound(worker: unknown): void {
  if (!isObject(worker)) throw new Error("defineWorker takes an object");
  requireType(worker["type"]);
  if (typeof worker["run"] !== "function") throw new Error("the worker has no function `run`");
  const isTask = "accepts" in worker;
  if (!isTask && worker["input"] === undefined)
    throw new Error('the worker has no `input`: a schema of its data, or "file"');
  for (const name of ["input", "options", "data"]) {
    const schema = worker[name];
    if (schema === undefined || (name === "input" && schema === "file")) continue;
    if (!isSchema(schema))
      throw new Error(`\`${name}\` of the worker is no TypeBox or JSON schema`);
  }
  for (const name of ["maxAttempts", "timeoutMs", "maxMemoryBytes"]) {
    const limit = worker[name];
    if (limit === undefined && !isTask) continue;
    if (!Number.isSafeInteger(limit) || Number(limit) < 1)
      throw new Error(`\`${name}\` of the worker must be a whole number above 0`);
  }
}

function requireType(type: unknown): void {
  if (type === undefined) throw new Error("the worker has no `type`");
  if (typeof type === "string" && /^[a-z0-9][a-z0-9_-]{0,63}$/.test(type)) return;
  throw new Error(
    `the type ${JSON.stringify(type)} names no queue: it must be 1 to 64 of a-z, 0-9, _ and -`,
  );
}

const KEYWORDS = ["type", "anyOf", "allOf", "oneOf", "enum", "const", "not", "$ref"];
const TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"];

/** Schemas of other libraries look alike: they say `~standard`. */
function isSchema(value: unknown): boolean {
  if (!isObject(value) || "~standard" in value) return false;
  const types = [value["type"] ?? []].flat();
  if (types.some((type) => !TYPES.some((known) => known === type))) return "~kind" in value;
  return "~kind" in value || KEYWORDS.some((keyword) => keyword in value);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
