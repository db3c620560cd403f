import { describe, expect } from "vitest";
import Value from "typebox/value";
import { JobList } from "../../src/contract/http.ts";
import { Job, type JobResult } from "../../src/contract/job.ts";
import { test, type TestHttp } from "../support/http.ts";

const asked = { type: "image", input: { url: "https://a.example/cat.jpg" } };

async function submit({ app, bearer }: TestHttp, sub = "42", payload: object = asked) {
  const answer = await app.inject({
    method: "POST",
    url: "/api/jobs",
    headers: bearer(sub),
    payload,
  });
  expect(answer.statusCode).toBe(201);
  return Value.Parse(Job, answer.json());
}

describe("a job", () => {
  test("is made, read, listed and counted", async ({ http }) => {
    const gateway = await http();
    const { app, bearer } = gateway;
    const payload = { ...asked, metadata: { album: "7" } };
    const answer = await app.inject({
      method: "POST",
      url: "/api/jobs",
      headers: bearer("42"),
      payload,
    });
    const job = Value.Parse(Job, answer.json());
    expect(job).toMatchObject({
      type: "image",
      userId: "42",
      status: "queued",
      metadata: { album: "7" },
    });
    expect(answer.headers.location).toBe(`/api/jobs/${job.jobId}`);

    const read = await app.inject({ url: `/api/jobs/${job.jobId}`, headers: bearer("42") });
    expect(Value.Parse(Job, read.json()).jobId).toBe(job.jobId);
    const list = await app.inject({
      url: "/api/jobs?status=queued&limit=1",
      headers: bearer("42"),
    });
    expect(Value.Parse(JobList, list.json()).items.map(({ jobId }) => jobId)).toEqual([job.jobId]);
    const counts = await app.inject({ url: "/api/jobs/counts", headers: bearer("42") });
    expect(counts.json()).toEqual({ image: { queued: 1 } });
  });

  test("is nobody else's to see or change", async ({ http }) => {
    const gateway = await http();
    const { app, bearer } = gateway;
    const { jobId } = await submit(gateway);
    const calls = [
      ["GET", ""],
      ["POST", "/cancel"],
      ["POST", "/retry"],
      ["DELETE", ""],
      ["POST", "/token"],
    ] as const;
    for (const [method, path] of calls) {
      const url = `/api/jobs/${jobId}${path}`;
      const answer = await app.inject({ method, url, headers: bearer("7") });
      expect(answer.json()).toMatchObject({ status: 404, code: "not_found" });
    }
    const list = await app.inject({ url: "/api/jobs?userId=42", headers: bearer("7") });
    expect(list.json()).toMatchObject({ status: 403, code: "forbidden" });
    const all = await app.inject({
      url: "/api/jobs?userId=42",
      headers: bearer("7", { roles: ["admin"] }),
    });
    expect(Value.Parse(JobList, all.json()).items.map((job) => job.jobId)).toContain(jobId);
  });

  test("that waits is cancelled at once and can be removed", async ({ http }) => {
    const gateway = await http();
    const { app, bearer } = gateway;
    const { jobId } = await submit(gateway);
    const headers = bearer("42");
    const early = await app.inject({ method: "POST", url: `/api/jobs/${jobId}/retry`, headers });
    expect(early.json()).toMatchObject({ status: 409, code: "job_not_failed" });
    const open = await app.inject({ method: "DELETE", url: `/api/jobs/${jobId}`, headers });
    expect(open.json()).toMatchObject({ status: 409, code: "conflict" });
    const cancelled = await app.inject({
      method: "POST",
      url: `/api/jobs/${jobId}/cancel`,
      headers,
    });
    expect(cancelled.statusCode).toBe(200);
    expect(cancelled.json()).toMatchObject({ status: "cancelled" });
  });

  test("that runs is asked to stop, and is gone without a body", async ({ http, parts }) => {
    const job = await parts.jobs
      .submit({ request: asked, caller: anyone })
      .then((submitted) => submitted.job);
    const { app, bearer } = await http({
      jobs: {
        ...parts.jobs,
        cancel: async () => ({ job, isDone: false }),
        remove: async () => undefined,
      },
    });
    const headers = bearer("42");
    const url = `/api/jobs/${job.jobId}`;
    const stopping = await app.inject({ method: "POST", url: `${url}/cancel`, headers });
    expect(stopping.statusCode).toBe(202);
    const gone = await app.inject({ method: "DELETE", url, headers });
    expect(gone).toMatchObject({ statusCode: 204, body: "" });
  });

  test("has links to its files, signed anew at each read", async ({ http, parts }) => {
    const { job } = await parts.jobs.submit({ request: asked, caller: anyone });
    const key = "results/1/thumb.webp";
    await parts.store.put(key, Buffer.from("picture"));
    const file = { key, name: "thumb.webp", contentType: "image/webp", bytes: 7 };
    const done = { ...job, status: "completed" as const, result: { width: 1, files: [file] } };
    const { app, bearer } = await http({
      jobs: { ...parts.jobs, find: async () => ({ job: done, feedCursor: undefined }) },
    });

    const answer = await app.inject({ url: `/api/jobs/${job.jobId}`, headers: bearer("42") });
    const { url } = answer.json<{ result: JobResult }>().result.files?.[0] ?? {};
    expect(answer.body).not.toContain('"key"');
    expect((await app.inject({ url: String(url) })).body).toBe("picture");
  });

  test("can be read, and nothing else, with a token of its own", async ({ http }) => {
    const gateway = await http();
    const { app, bearer } = gateway;
    const job = await submit(gateway, "42", { ...asked, metadata: { album: "7" } });
    const other = await submit(gateway);
    const made = await app.inject({
      method: "POST",
      url: `/api/jobs/${job.jobId}/token`,
      headers: bearer("42"),
      payload: { ttl: 60 },
    });
    const { token, expiresAt } = made.json<{ token: string; expiresAt: string }>();
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);

    const headers = { authorization: `Bearer ${token}` };
    const read = await app.inject({ url: `/api/jobs/${job.jobId}`, headers });
    expect(read.json()).toMatchObject({ jobId: job.jobId, userId: null, metadata: {} });
    const forbidden = [
      ["GET", `/api/jobs/${other.jobId}`],
      ["GET", "/api/jobs"],
      ["GET", "/api/jobs/counts"],
      ["GET", "/api/realtime/stats"],
      ["POST", `/api/jobs/${job.jobId}/cancel`],
      ["POST", `/api/jobs/${job.jobId}/retry`],
      ["POST", `/api/jobs/${job.jobId}/token`],
      ["DELETE", `/api/jobs/${job.jobId}`],
      ["POST", "/api/jobs"],
    ] as const;
    for (const [method, url] of forbidden) {
      const answer = await app.inject({ method, url, headers });
      expect(answer.json(), `${method} ${url}`).toMatchObject({ status: 403, code: "forbidden" });
    }
  });

  test("is made once for a key, and the key is good for one request", async ({ http }) => {
    const gateway = await http();
    const { app, bearer } = gateway;
    const headers = { ...bearer("42"), "idempotency-key": "k1" };
    const post = (payload: object) =>
      app.inject({ method: "POST", url: "/api/jobs", headers, payload });
    const first = await post({ ...asked, notify: true });
    const again = await post({ notify: true, ...asked });
    expect(again.json()).toMatchObject({ jobId: first.json<{ jobId: string }>().jobId });
    expect([first, again].map((answer) => answer.headers["idempotent-replayed"])).toEqual([
      undefined,
      "true",
    ]);
    expect((await post({ ...asked, notify: false })).json()).toMatchObject({
      code: "idempotency_mismatch",
    });
    const list = await app.inject({ url: "/api/jobs", headers: bearer("42") });
    expect(Value.Parse(JobList, list.json()).items).toHaveLength(1);
  });

  test.for(["", "x".repeat(256)])("is refused with a key that is none", async (key, { http }) => {
    const { app, bearer } = await http();
    const headers = { ...bearer("42"), "idempotency-key": key };
    const answer = await app.inject({ method: "POST", url: "/api/jobs", headers, payload: asked });
    expect(answer.json()).toMatchObject({ status: 400, code: "invalid" });
  });
});

const anyone = {
  userId: "42",
  isAdmin: false,
  isService: false,
  groups: [],
  isPremium: false,
  onlyJob: undefined,
  onlyEvents: false,
  expiresAt: Infinity,
};
