import { describe, expect } from "vitest";
import { createLimits } from "../../src/gateway/http/limits.ts";
import { openStrictRedis } from "../../src/redis/connect.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { test } from "../support/http.ts";

const PROTECTED = [
  ["GET", "/api/jobs"],
  ["POST", "/api/jobs"],
  ["GET", "/api/jobs/counts"],
  ["GET", "/api/jobs/1"],
  ["POST", "/api/jobs/1/cancel"],
  ["POST", "/api/jobs/1/retry"],
  ["POST", "/api/jobs/1/token"],
  ["DELETE", "/api/jobs/1"],
] as const;

const caller = {
  userId: "42",
  isAdmin: false,
  isService: false,
  groups: [],
  isPremium: false,
  onlyJob: undefined,
  onlyEvents: false,
  expiresAt: Infinity,
};

describe("a call", () => {
  test.for(PROTECTED)("of %s %s needs a token", async ([method, url], { http }) => {
    const { app } = await http();
    const answer = await app.inject({ method, url });
    expect(answer.json()).toMatchObject({ status: 401, code: "unauthorized" });
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
  });

  test.for(["Basic abc", "Bearer", "Bearer  ", "Bearer a b", "Bearer abc", "abc"])(
    "with %s is refused",
    async (authorization, { http }) => {
      const { app } = await http();
      const answer = await app.inject({ url: "/api/jobs", headers: { authorization } });
      expect(answer.json()).toMatchObject({ status: 401, code: "unauthorized" });
    },
  );

  test("is not let in by a token in its address", async ({ http }) => {
    const { app, bearer } = await http();
    const token = bearer("42").authorization.slice("Bearer ".length);
    expect((await app.inject({ url: `/api/jobs/counts?token=${token}` })).statusCode).toBe(401);
  });

  test("with an expired token is told so", async ({ http }) => {
    const { app, bearer } = await http();
    const answer = await app.inject({ url: "/api/jobs", headers: bearer("42", { ttl: -60 }) });
    expect(answer.json()).toMatchObject({ status: 401, code: "token_expired" });
  });
});

describe("limits", () => {
  const perMinute = { calls: 3, submits: 1, failures: 2 };

  test("hold over all nodes, for each user, and say when to come again", async ({ parts }) => {
    const nodes = [createLimits({ ...parts, perMinute }), createLimits({ ...parts, perMinute })];
    for (const node of [...nodes, nodes[0]]) await node?.call(caller);
    for (const node of nodes) {
      await expect(node.call(caller)).rejects.toMatchObject({
        code: "rate_limited",
        retryAfterSeconds: expect.toSatisfy((s: number) => s > 0 && s <= 60),
      });
    }
    await nodes[0]?.call({ ...caller, userId: "7" });
    await nodes[0]?.call({ ...caller, onlyJob: "j1" });
    await nodes[0]?.submit(caller);
  });

  test("are kept by each node for itself while Redis is away, and nobody waits for it", async ({
    prefix,
  }) => {
    const redis = openStrictRedis("redis://127.0.0.1:1", "test-away", 200);
    redis.on("error", () => undefined);
    try {
      const limits = createLimits({ redis, keys: createKeys(prefix), perMinute });
      const started = performance.now();
      for (let i = 0; i < 3; i++) await limits.call(caller);
      await expect(limits.call(caller)).rejects.toMatchObject({ code: "rate_limited" });
      expect(performance.now() - started).toBeLessThan(1000);
    } finally {
      redis.disconnect();
    }
  });

  test("answer 429 with Retry-After", async ({ http, parts }) => {
    const { app, bearer } = await http();
    const headers = bearer("42");
    const strict = createLimits(parts);
    for (let i = 0; i < 120; i++) await strict.submit(caller);
    const answer = await app.inject({ method: "POST", url: "/api/jobs", headers, payload: {} });
    expect(answer.json()).toMatchObject({ status: 429, code: "rate_limited", retryable: true });
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    expect((await app.inject({ url: "/api/jobs", headers })).statusCode).toBe(200);
  });

  test("slow down who guesses tokens, and nobody else at that address", async ({ http }) => {
    const { app, bearer } = await http();
    const guess = () =>
      app.inject({ url: "/api/jobs", headers: { authorization: "Bearer x.y.z" } });
    for (let i = 0; i < 60; i++) expect((await guess()).statusCode).toBe(401);
    expect((await guess()).statusCode).toBe(429);
    expect((await app.inject({ url: "/api/files/a?expires=1&signature=x" })).statusCode).toBe(429);
    expect((await app.inject({ url: "/api/jobs", headers: bearer("42") })).statusCode).toBe(200);
  });
});

describe("a page of another origin", () => {
  const payload = { type: "image", input: { url: "https://a.example/cat.jpg" } };

  test("that is let in can call and read", async ({ http }) => {
    const { app, bearer } = await http({ env: { CORS_ORIGINS: "https://app.example.com" } });
    const origin = "https://app.example.com";
    const preflight = await app.inject({
      method: "OPTIONS",
      url: "/api/jobs",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-headers": "authorization",
      "access-control-allow-methods": expect.stringContaining("DELETE"),
    });
    expect(preflight.headers["access-control-allow-credentials"]).toBeUndefined();
    const answer = await app.inject({
      method: "POST",
      url: "/api/jobs",
      headers: { origin, ...bearer("42") },
      payload,
    });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers["access-control-allow-origin"]).toBe(origin);
    expect(answer.headers["access-control-expose-headers"]).toContain("Location");
    const refused = await app.inject({ url: "/api/jobs", headers: { origin } });
    expect(refused.headers["access-control-allow-origin"]).toBe(origin);
  });

  test("that is not can neither read nor change anything", async ({ http }) => {
    const { app, bearer } = await http({ env: { CORS_ORIGINS: "https://app.example.com" } });
    const headers = { origin: "https://evil.example", ...bearer("42") };
    const answer = await app.inject({ method: "POST", url: "/api/jobs", headers, payload });
    expect(answer.json()).toMatchObject({ status: 403, code: "origin_not_allowed" });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    const read = await app.inject({ url: "/api/jobs", headers });
    expect(read.json()).toEqual({ items: [], nextCursor: null });
    expect(read.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("is none when it is the service's own", async ({ http }) => {
    const { app, bearer } = await http({ env: { CORS_ORIGINS: "https://app.example.com" } });
    const headers = { origin: "https://jobs.example", host: "jobs.example", ...bearer("42") };
    const answer = await app.inject({ method: "POST", url: "/api/jobs", headers, payload });
    expect(answer.statusCode).toBe(201);
  });
});
