import { describe, expect } from "vitest";
import { test } from "../support/http.ts";

const production = { NODE_ENV: "production", METRICS_TOKEN: "prometheus-may-read" };

describe("operations", () => {
  test("say that the process is alive", async ({ http }) => {
    const { app } = await http();
    expect((await app.inject({ url: "/healthz" })).json()).toEqual({ ok: true });
  });

  test("say whether it should get traffic", async ({ http }) => {
    const up = await http();
    expect((await up.app.inject({ url: "/readyz" })).statusCode).toBe(200);
    const readiness = { ...(await up.deps.readiness()), ready: false, draining: true };
    const { app } = await http({ readiness: async () => readiness, isDraining: () => true });
    const answer = await app.inject({ url: "/readyz" });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual(readiness);
    expect(answer.headers.connection).toBe("close");
  });

  test("give metrics to everyone in development", async ({ http }) => {
    const { app } = await http();
    const answer = await app.inject({ url: "/metrics" });
    expect(answer.body).toBe("up 1\n");
    expect(answer.headers["content-type"]).toMatch("text/plain; version=0.0.4");
  });

  test("give metrics in production to administrators and to who has the token", async ({
    http,
  }) => {
    const { app, bearer } = await http({ env: production });
    const statusOf = async (headers: Record<string, string>) =>
      (await app.inject({ url: "/metrics", headers })).statusCode;
    expect(await statusOf({})).toBe(401);
    expect(await statusOf({ authorization: "Bearer prometheus-may" })).toBe(401);
    expect(await statusOf(bearer("42"))).toBe(403);
    expect(await statusOf(bearer("42", { roles: ["admin"] }))).toBe(200);
    expect(await statusOf({ authorization: "Bearer prometheus-may-read" })).toBe(200);
  });

  test("leave the port of the clients when they have one of their own", async ({ http }) => {
    const { app } = await http({ env: { OPS_PORT: "9000" } });
    expect((await app.inject({ url: "/healthz" })).statusCode).toBe(404);
  });

  test("tell everyone about live events, and administrators more", async ({ http }) => {
    const { app, bearer } = await http();
    const url = "/api/realtime/stats";
    const open = { available: true, transports: ["websocket"], protocol: 1 };
    expect((await app.inject({ url })).json()).toEqual(open);
    expect((await app.inject({ url, headers: bearer("42") })).json()).toEqual(open);
    const admin = await app.inject({ url, headers: bearer("1", { roles: ["admin"] }) });
    expect(admin.json()).toEqual({ ...open, connections: 3, users: 2, node: "n1" });
  });
});

describe("a development token", () => {
  const ask = (headers = {}) =>
    ({
      method: "POST",
      url: "/api/dev/token",
      payload: { sub: "42", groups: ["a"] },
      headers,
    }) as const;

  test("is good for calls", async ({ http }) => {
    const { app } = await http();
    const made = await app.inject(ask({ host: "localhost:3000" }));
    const { token } = made.json<{ token: string }>();
    const headers = { authorization: `Bearer ${token}` };
    expect((await app.inject({ url: "/api/jobs", headers })).statusCode).toBe(200);
    expect(await app.tokens.verifyToken(token)).toMatchObject({ userId: "42", groups: ["a"] });
  });

  test.for([
    ["in production", { ...production, DEV_ROUTES: "1" }, "localhost"],
    ["on an address that others reach", { HOST: "0.0.0.0" }, "localhost"],
    ["under a name that is not local", {}, "evil.example"],
    ["under a name that looks local", {}, "localhost.evil.example"],
  ] as const)("is not there %s", async ([, env, host], { http }) => {
    const { app } = await http({ env });
    expect((await app.inject(ask({ host }))).json()).toMatchObject({
      status: 404,
      code: "not_found",
    });
  });

  test("is there wherever DEV_ROUTES says so", async ({ http }) => {
    const { app } = await http({ env: { HOST: "0.0.0.0", DEV_ROUTES: "1" } });
    expect((await app.inject(ask({ host: "box.example" }))).statusCode).toBe(200);
  });

  test.for([
    {},
    { sub: "" },
    { sub: "42", roles: ["root"] },
    { sub: "42", ttl: 86_401 },
    { sub: "42", exp: 1 },
  ])("is refused for %j", async (payload, { http }) => {
    const { app } = await http();
    const answer = await app.inject({ ...ask({ host: "localhost" }), payload });
    expect(answer.json()).toMatchObject({ status: 400, code: "invalid" });
  });
});

describe("the reference", () => {
  interface Operation {
    summary?: string;
    security?: object[];
    responses: Record<string, unknown>;
  }
  interface Document {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, object> };
  }

  test("documents every route, with its problems and who may call it", async ({ http }) => {
    const { app } = await http();
    const document = (await app.inject({ url: "/openapi.json" })).json<Document>();
    expect(document.openapi).toBe("3.1.0");
    expect(Object.keys(document.paths).toSorted()).toEqual([
      "/api/admin/jobs/remove",
      "/api/admin/jobs/retry",
      "/api/batches",
      "/api/batches/{batchId}",
      "/api/batches/{batchId}/cancel",
      "/api/dev/token",
      "/api/events",
      "/api/events/stream",
      "/api/events/token",
      "/api/files/{*}",
      "/api/jobs",
      "/api/jobs/counts",
      "/api/jobs/{jobId}",
      "/api/jobs/{jobId}/cancel",
      "/api/jobs/{jobId}/claim",
      "/api/jobs/{jobId}/complete",
      "/api/jobs/{jobId}/fail",
      "/api/jobs/{jobId}/heartbeat",
      "/api/jobs/{jobId}/progress",
      "/api/jobs/{jobId}/retry",
      "/api/jobs/{jobId}/token",
      "/api/queues/status",
      "/api/realtime/stats",
      "/api/uploads",
      "/api/uploads/{uploadId}",
      "/healthz",
      "/metrics",
      "/openapi.json",
      "/readyz",
    ]);
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        expect(operation, `${method} ${path}`).toMatchObject({
          summary: expect.any(String),
          security: expect.any(Array),
        });
        expect(operation.responses["500"], `${method} ${path}`).toBeDefined();
      }
    }
    const submit = document.paths["/api/jobs"]?.["post"];
    expect(submit).toMatchObject({
      security: [{ bearer: [] }],
      requestBody: {
        content: {
          "application/json": { schema: { $ref: "#/components/schemas/JobRequest" } },
          "multipart/form-data": { schema: { $ref: "#/components/schemas/JobUploadRequest" } },
        },
      },
      responses: {
        201: { content: { "application/json": { schema: { $ref: "#/components/schemas/Job" } } } },
        429: {
          content: {
            "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
          },
        },
      },
    });
  });

  test("names each schema once, and refers to none that is missing", async ({ http }) => {
    const { app } = await http();
    const answer = await app.inject({ url: "/openapi.json" });
    const { body } = answer;
    const { components } = answer.json<Document>();
    const referred = new Set(body.match(/(?<=#\/components\/schemas\/)\w+/g));
    expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining([...referred]));
    expect(Object.keys(components.schemas)).toEqual(
      expect.arrayContaining(["Job", "JobRequest", "Problem", "ImageOptions"]),
    );
    expect(body).not.toContain("$id");
  });

  test("has a page that loads nothing from elsewhere", async ({ http }) => {
    const { app } = await http();
    expect((await app.inject({ url: "/docs" })).headers.location).toBe("/docs/");
    const page = await app.inject({ url: "/docs/" });
    expect(page.statusCode).toBe(200);
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.body).not.toMatch(/(src|href)="(https?:)?\/\//);
    const [, script] = /<script src="([^"]+)"/.exec(page.body) ?? [];
    const loaded = await app.inject({ url: new URL(String(script), "http://a/docs/").pathname });
    expect(loaded.statusCode).toBe(200);
    expect(loaded.headers["content-type"]).toMatch("javascript");
  });
});
