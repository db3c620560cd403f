import type { TSchema } from "typebox";
import { describe, expect, test } from "vitest";
import { ConfigSchema } from "../../src/config-schema.ts";
import { loadConfig } from "../../src/config.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const production = { NODE_ENV: "production", JWT_SECRET: SECRET };

/** The lines of the error, by variable. */
function problemsOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const { message } = expectError(() => loadConfig(env));
  const lines = message.split("\n").slice(1);
  return Object.fromEntries(lines.map((line) => [line.trim().split(" ")[0] ?? "", line.trim()]));
}

function expectError(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("Expected an error");
}

describe("the configuration", () => {
  test("has a default for all that development needs", () => {
    const config = loadConfig({});
    expect(config).toMatchObject({
      HOST: "127.0.0.1",
      PORT: 3000,
      REDIS_PREFIX: "jobcast",
      isProduction: false,
    });
    expect(config.CORS_ORIGINS).toEqual(["http://localhost:*", "http://127.0.0.1:*"]);
    expect(config.STORAGE_URL).toMatch(/^file:\/\/\/.*\/\.data\/files$/);
    expect(config.REDIS_URL).toBeUndefined();
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("takes an empty value for an unset one", () => {
    expect(loadConfig({ PORT: "", REDIS_URL: " " })).toEqual(loadConfig({}));
  });

  test("is parsed to its final types", () => {
    const config = loadConfig({
      PORT: "0",
      DEV_ROUTES: "on",
      ALLOW_PRIVATE_URLS: "false",
      WORKER_LANES: "large, normal",
      JWT_SECRET: `${SECRET},${SECRET}2`,
      TRUST_PROXY: "10.0.0.0/8,::1",
      STORAGE_URL: "file:/srv/files",
    });
    expect(config).toMatchObject({
      PORT: 0,
      DEV_ROUTES: true,
      ALLOW_PRIVATE_URLS: false,
      WORKER_LANES: ["large", "normal"],
      JWT_SECRET: [SECRET, `${SECRET}2`],
      TRUST_PROXY: ["10.0.0.0/8", "::1"],
      STORAGE_URL: "file:///srv/files",
    });
  });

  test.each([
    ["PORT", "12abc"],
    ["PORT", "1e3"],
    ["PORT", "-1"],
    ["PORT", "65536"],
    ["PORT", "3000.0"],
    ["UPLOAD_MAX_BYTES", "99999999999999999999"],
    ["DEV_ROUTES", "maybe"],
    ["LOG_LEVEL", "loud"],
    ["NODE_ENV", "prod"],
    ["REDIS_URL", "localhost:6379"],
    ["REDIS_CLUSTER_NODES", "one:6379,two:port"],
    ["REDIS_CLUSTER_NODES", "http://one:6379"],
    ["DATABASE_URL", "mysql://localhost/db"],
    ["STORAGE_URL", "s3:bucket"],
    ["STORAGE_URL", "file://host/folder"],
    ["PUBLIC_URL", "example.com"],
    ["TRUST_PROXY", "true"],
    ["TRUST_PROXY", "10.0.0.0/33"],
    ["CORS_ORIGINS", "https://app.example.com/"],
    ["WORKER_LANES", "normal,express"],
    ["REDIS_PREFIX", "{all}"],
    ["SOCKET_PATH", "socket.io"],
    ["JWT_SECRET", SECRET.slice(1)],
    ["JWT_SECRET", `${SECRET},${SECRET},${SECRET}`],
    ["JWT_SECRET", ","],
    ["SIGNING_SECRET", "short"],
  ])("refuses %s=%s with one line that says what would be right", (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(Object.keys(problems)).toEqual([name]);
    expect(problems[name]).toMatch(/: expected \S/);
  });

  test.each([
    [{ REDIS_URL: "redis://a", REDIS_CLUSTER_NODES: "b:1" }, "REDIS_URL", "REDIS_CLUSTER_NODES"],
    [
      { REDIS_CLUSTER_NODES: "b:1", REDIS_SENTINELS: "c:2", REDIS_SENTINEL_NAME: "main" },
      "REDIS_CLUSTER_NODES",
      "REDIS_SENTINELS",
    ],
    [{ REDIS_SENTINELS: "c:2" }, "REDIS_SENTINEL_NAME", "REDIS_SENTINELS"],
    [{ REDIS_SENTINEL_NAME: "main" }, "REDIS_SENTINELS", "REDIS_SENTINEL_NAME"],
  ])("takes Redis in one way alone and in full: %j", (env, name, other) => {
    const problems = problemsOf(env);
    expect(Object.keys(problems)).toEqual([name]);
    expect(problems[name]).toContain(other);
  });

  test("names every bad variable at once, each in one line, and shows no value", () => {
    const env = {
      PORT: "x1",
      OPS_PORT: "x2",
      LOG_LEVEL: "x3",
      JWT_SECRET: "x4,x5",
      SIGNING_SECRET: "x6",
      REDIS_URL: "x7",
    };
    const message = expectError(() => loadConfig(env)).message;
    expect(new Set(Object.keys(problemsOf(env)))).toEqual(new Set(Object.keys(env)));
    expect(message.split("\n")).toHaveLength(1 + Object.keys(env).length);
    expect(message).not.toMatch(/x\d/);
  });

  test("has no default secret and no development defaults in production", () => {
    expect(problemsOf({ NODE_ENV: "production" })).toHaveProperty("JWT_SECRET");
    expect(loadConfig({ ...production, DEV_ROUTES: "1" })).toMatchObject({
      isProduction: true,
      CORS_ORIGINS: [],
      DEV_ROUTES: false,
    });
  });

  test.each([
    ["CORS_ORIGINS", { CORS_ORIGINS: "https://a.example,*" }],
    ["ALLOW_PRIVATE_URLS", { ALLOW_PRIVATE_URLS: "1" }],
    ["DATABASE_URL", { REDIS_URL: "redis://redis" }],
    ["DATABASE_URL", { REDIS_CLUSTER_NODES: "redis:6379" }],
  ])("refuses in production, by %s, what development may have", (name, env) => {
    expect(Object.keys(problemsOf({ ...production, ...env }))).toEqual([name]);
    expect(() => loadConfig(env)).not.toThrow();
  });

  test("is described in full by .env.example", async () => {
    const lines = Object.entries<TSchema>(ConfigSchema.properties).map(describeVariable);
    await expect(lines.join("\n")).toMatchFileSnapshot("../../.env.example");
  });
});

function describeVariable([name, schema]: [string, TSchema]): string {
  const { description = "", default: value = "" } = { ...schema } as {
    description?: string;
    default?: unknown;
  };
  const text = typeof value === "boolean" ? Number(value) : value;
  return `# ${description}\n${name}=${String(text)}\n`;
}
