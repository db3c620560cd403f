import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import Type, { type Static, type TSchema } from "typebox";
import Value from "typebox/value";
import { ConfigSchema } from "./config-schema.ts";

type Variables = Static<typeof ConfigSchema>;

/** What the environment says, under its names, with the final types; what is unset and has no default is absent. */
export type Config = Readonly<
  Omit<Variables, "NODE_ENV" | "STORAGE_URL" | "CORS_ORIGINS"> & {
    /** A `file://` address with an absolute path, or `s3://`. */
    STORAGE_URL: string;
    /** Besides the same origin, which is always let in. A port may be `*`. */
    CORS_ORIGINS: string[];
    isProduction: boolean;
    /** Where workers find the programs that they start. */
    programPath: string;
  }
>;

/** One line for each variable that cannot be used. Shows no value, since some are secrets. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  constructor(problems: readonly string[]) {
    super(`Invalid configuration:\n  ${problems.join("\n  ")}`);
  }
}

const schemas = Object.entries<TSchema>(ConfigSchema.properties);

/** Reads the environment once. An empty value is unset. Throws a `ConfigError` that names every bad variable at once. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const values = readVariables(env);
  const malformed = findMalformed(values);
  const refused = new Map([
    ...findUnpaired(values),
    ...(values["NODE_ENV"] === "production" ? findRefused(values) : []),
  ]);
  const problems = schemas.flatMap(([name]) => {
    const problem = malformed.get(name) ?? refused.get(name);
    return problem === undefined ? [] : [`${name} ${problem}`];
  });
  if (problems.length > 0 || !Value.Check(ConfigSchema, values)) throw new ConfigError(problems);
  return Object.freeze({ ...settle(values), programPath: env["PATH"] ?? "" });
}

type Values = Record<string, unknown>;

function readVariables(env: NodeJS.ProcessEnv): Values {
  const entries = schemas.map(([name, schema]) => {
    const text = env[name]?.trim() ?? "";
    return [name, text === "" ? defaultOf(schema) : parse(schema, text)] as const;
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

const defaultOf = (schema: TSchema): unknown => ("default" in schema ? schema.default : undefined);

const BOOLEANS = new Map(
  Object.entries({ 1: true, true: true, on: true, 0: false, false: false, off: false }),
);

/** What cannot be parsed stays text, and fails the check. */
function parse(schema: TSchema, text: string): unknown {
  if (Type.IsInteger(schema)) return /^-?\d+$/.test(text) ? Number(text) : text;
  if (Type.IsBoolean(schema)) return BOOLEANS.get(text.toLowerCase()) ?? text;
  if (Type.IsArray(schema)) return text.split(",").flatMap((item) => item.trim() || []);
  return text;
}

const WRONG: Record<string, string> = {
  minimum: "is too small",
  maximum: "is too large",
  minItems: "is empty",
  maxItems: "has too many entries",
  enum: "is not one of the known values",
};

/** One by one, since a check of all together stops at its eighth error. */
function findMalformed(values: Values): Map<string, string> {
  const problems = new Map<string, string>();
  for (const [name, schema] of schemas) {
    const [error] = name in values ? Value.Errors(schema, values[name]) : [];
    if (error === undefined) continue;
    problems.set(
      name,
      `${WRONG[error.keyword] ?? "cannot be used"}: expected ${expectedOf(schema)}`,
    );
  }
  return problems;
}

function expectedOf(schema: TSchema): string {
  if ("expects" in schema) return String(schema.expects);
  if (Type.IsEnum(schema)) return `one of ${schema.enum.join(", ")}`;
  return "1 or 0";
}

/** Variables that mean something together alone. */
function* findUnpaired(values: Values): Generator<[string, string]> {
  for (const [one, other] of [
    ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"],
    ["REDIS_SENTINELS", "REDIS_SENTINEL_NAME"],
    ["REDIS_SENTINEL_NAME", "REDIS_SENTINELS"],
  ] as const)
    if (values[one] === undefined && values[other] !== undefined)
      yield [one, `is missing: ${other} is of no use without it`];
  const [first, ...others] = REDIS.filter((name) => values[name] !== undefined);
  if (first !== undefined && others.length > 0)
    yield [first, `is set beside ${others.join(" and ")}: expected one of them alone`];
}

/** Where Redis is, in one way or another. */
const REDIS = ["REDIS_URL", "REDIS_CLUSTER_NODES", "REDIS_SENTINELS"] as const;

export const hasOwnRedis = (values: { [name in (typeof REDIS)[number]]?: unknown }): boolean =>
  REDIS.every((name) => values[name] === undefined);

function* findRefused(values: Values): Generator<[string, string]> {
  if (values["JWT_SECRET"] === undefined)
    yield ["JWT_SECRET", "is missing: production needs one, of 32 bytes or more"];
  const origins = values["CORS_ORIGINS"];
  if (Array.isArray(origins) && origins.includes("*"))
    yield [
      "CORS_ORIGINS",
      "is * and would let every site in: production needs the origins by name",
    ];
  if (values["ALLOW_PRIVATE_URLS"] === true)
    yield ["ALLOW_PRIVATE_URLS", "would open the inner network to users: expected 0 in production"];
  if (!hasOwnRedis(values) && values["DATABASE_URL"] === undefined)
    yield [
      "DATABASE_URL",
      "is missing: with a shared Redis, processes need a history in common, at postgres://…",
    ];
}

function settle({ NODE_ENV, ...values }: Variables): Omit<Config, "programPath"> {
  const isProduction = NODE_ENV === "production";
  const { STORAGE_URL: storageUrl = pathToFileURL(resolve(values.DATA_DIR, "files")).href } =
    values;
  return {
    ...values,
    DATA_DIR: resolve(values.DATA_DIR),
    STORAGE_URL: storageUrl.startsWith("s3:")
      ? storageUrl
      : pathToFileURL(toFolder(storageUrl)).href,
    CORS_ORIGINS:
      values.CORS_ORIGINS ?? (isProduction ? [] : ["http://localhost:*", "http://127.0.0.1:*"]),
    DEV_ROUTES: values.DEV_ROUTES && !isProduction,
    isProduction,
  };
}

/** `file:files` is relative to the current folder, which an URL cannot say. */
const toFolder = (url: string): string =>
  url.startsWith("file://") ? fileURLToPath(url) : resolve(url.slice("file:".length));
