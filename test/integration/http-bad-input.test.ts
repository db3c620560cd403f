import { describe, expect, vi } from "vitest";
import { test } from "../support/http.ts";

const json = { "content-type": "application/json" };
const problem = (status: number, code: string) => ({
  type: `urn:jobcast:problem:${code}`,
  title: expect.any(String),
  status,
  detail: expect.any(String),
  code,
  retryable: expect.any(Boolean),
});

describe("bad input", () => {
  test.for([
    ["malformed JSON", '{"type": "image",', 400, "invalid"],
    ["no body", "", 400, "invalid"],
    ["a list in the place of an object", "[]", 400, "invalid"],
    ["a number in the place of a text", '{"type": 1, "input": {}}', 400, "invalid"],
    [
      "an unknown field",
      '{"type": "image", "input": {"url": "https://a.example/"}, "x": 1}',
      400,
      "invalid",
    ],
    [
      "an unknown type of job",
      '{"type": "nope", "input": {"url": "https://a.example/"}}',
      400,
      "invalid",
    ],
    [
      "options that do not fit",
      '{"type": "image", "input": {"url": "https://a.example/"}, "options": {"variants": []}}',
      422,
      "invalid_options",
    ],
    [
      "a delay of a year",
      '{"type": "image", "input": {"url": "https://a.example/"}, "delay": 31536000000}',
      400,
      "invalid",
    ],
    [
      "another user's name",
      '{"type": "image", "input": {"url": "https://a.example/"}, "userId": "7"}',
      403,
      "forbidden",
    ],
    [
      "a lane that one has not",
      '{"type": "image", "input": {"url": "https://a.example/"}, "lane": "premium"}',
      403,
      "forbidden",
    ],
    ["a prototype", '{"type": "image", "input": {"__proto__": {"isAdmin": true}}}', 400, "invalid"],
    [
      "a constructor's prototype",
      '{"type": "image", "input": {"constructor": {"prototype": {"a": 1}}}}',
      400,
      "invalid",
    ],
    ["a million characters as type", `{"type": "${"x".repeat(1e6)}", "input": {}}`, 400, "invalid"],
    [
      "a million characters as metadata",
      `{"type": "image", "input": {"url": "https://a.example/"}, "metadata": {"a": "${"x".repeat(1e6)}"}}`,
      413,
      "too_large",
    ],
    [
      "more than 1 MiB",
      `{"type": "image", "input": {"a": "${"x".repeat(1024 ** 2)}"}}`,
      413,
      "too_large",
    ],
  ] as const)("%s is refused and makes nothing", async ([, payload, status, code], { http }) => {
    const { app, bearer, logged } = await http();
    const headers = { ...bearer("42"), ...json };
    const answer = await app.inject({ method: "POST", url: "/api/jobs", headers, payload });

    expect(answer.json()).toMatchObject(problem(status, code));
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["content-type"]).toMatch("application/problem+json");
    expect(answer.headers["request-id"]).toMatch(/^[\w-]{36}$/);
    expect(answer.body.length).toBeLessThan(2000);
    const list = await app.inject({ url: "/api/jobs", headers: bearer("42") });
    expect(list.json()).toEqual({ items: [], nextCursor: null });
    expect(logged.filter((line) => line.includes('"level":50'))).toEqual([]);
  });

  test("says which fields are wrong", async ({ http }) => {
    const { app, bearer } = await http();
    const payload = { type: 1, input: {}, wrong: true };
    const answer = await app.inject({
      method: "POST",
      url: "/api/jobs",
      headers: bearer("42"),
      payload,
    });
    expect(answer.json()).toMatchObject({
      errors: [
        { path: "/wrong", message: "is not a known field" },
        { path: "/type", message: "must be string" },
      ],
    });
  });

  test.for([
    "limit=abc",
    "limit=0",
    "limit=201",
    "limit=1.5",
    "limit=1&limit=2",
    "limit=",
    "status=nope",
    "createdAfter=yesterday",
    "cursor=absurd",
    "unknown=1",
  ])("a list asked for with %s is refused", async (query, { http }) => {
    const { app, bearer } = await http();
    const answer = await app.inject({ url: `/api/jobs?${query}`, headers: bearer("42") });
    expect(answer.json()).toMatchObject(problem(400, "invalid"));
  });

  test.for([
    ["text/plain", "hello"],
    ["application/xml", "<a/>"],
    ["application/x-www-form-urlencoded", "type=image"],
  ] as const)("a body of type %s is not taken", async ([contentType, payload], { http }) => {
    const { app, bearer } = await http();
    const headers = { ...bearer("42"), "content-type": contentType };
    const answer = await app.inject({ method: "POST", url: "/api/jobs", headers, payload });
    expect(answer.json()).toMatchObject(problem(415, "unsupported_media_type"));
  });

  test.for([
    ["GET", "/nope"],
    ["GET", "/api/nope"],
    ["PUT", "/api/jobs"],
    ["PATCH", "/healthz"],
    ["GET", `/api/jobs/${"x".repeat(5000)}/cancel`],
  ] as const)("%s of a route that is not there is 404", async ([method, url], { http }) => {
    const { app } = await http();
    const answer = await app.inject({ method, url });
    expect(answer.json()).toMatchObject(problem(404, "not_found"));
    expect(answer.body.length).toBeLessThan(500);
    expect(answer.headers["request-id"]).toMatch(/^[\w-]{36}$/);
  });

  test("an address that is none is a problem answer", async ({ http }) => {
    const { app } = await http();
    const answer = await app.inject({ url: "/api/jobs/%ff" });
    expect(answer.json()).toMatchObject(problem(400, "invalid"));
  });

  test("what breaks inside is logged once, and its answer tells nothing of it", async ({
    http,
  }) => {
    const { app, bearer, logged } = await http({
      readiness: () => Promise.reject(new Error("password is hunter2")),
    });
    const id = "given-by-a-proxy";
    const headers = { ...bearer("42"), "request-id": id };
    const answer = await app.inject({ url: "/readyz?token=secret-token", headers });

    expect(answer.json()).toEqual({ ...problem(500, "internal"), detail: "Internal error" });
    expect(answer.headers["request-id"]).toBe(id);
    await app.inject({ url: "/api/realtime/stats?token=secret-token", headers });
    await vi.waitFor(() => expect(logged.join()).toContain('"path":"/api/realtime/stats"'));
    const errors = logged.filter((line) => line.includes('"level":50'));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(id);
    expect(logged.join()).not.toContain("secret-token");
    expect(logged.join()).not.toContain(headers.authorization);
  });

  test("a request id that is none of ours is not taken over", async ({ http }) => {
    const { app } = await http();
    const answer = await app.inject({
      url: "/healthz",
      headers: { "request-id": "a b\u00e4 ".repeat(20) },
    });
    expect(answer.headers["request-id"]).toMatch(/^[\w-]{36}$/);
  });

  test("what is no HTTP is answered as a problem too", async ({ http }) => {
    const { listen } = await http();
    const address = await listen();
    const tooLong = await fetch(`${address}/healthz?${"x".repeat(20_000)}`);
    expect(tooLong.status).toBe(431);
    expect(await tooLong.json()).toMatchObject({ ...problem(431, "invalid") });
  });
});
