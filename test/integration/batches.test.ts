import { randomUUID } from "node:crypto";
import { describe, expect } from "vitest";
import { createUser, echo, test } from "../support/batches.ts";

const NOBODY = "00000000-0000-4000-8000-000000000000";

describe("a batch", () => {
  test("is told of as it goes on, and once when its last job has ended", async ({
    cluster: { a, b, release },
    user,
    connect,
  }) => {
    const client = connect(b.url, { token: a.token(user.sub) });
    await client.ready();
    const { status, headers, body } = await user.submit({
      name: "scans",
      jobs: [echo({ hold: true }), echo(), echo({}, { lane: "large" })],
    });
    expect(status).toBe(201);
    expect(headers.get("location")).toBe(`/api/batches/${body.batchId}`);
    expect(body).toMatchObject({ userId: user.sub, name: "scans", caseId: null, total: 3 });
    await expect
      .poll(async () => (await user.batch(body.batchId)).body)
      .toMatchObject({ counts: { completed: 2 }, status: "open", finishedAt: null });
    await expect
      .poll(() => client.named("batch-progress").at(-1))
      .toMatchObject({ batchId: body.batchId, counts: { completed: 2, processing: 1 } });
    expect(client.named("batch-finished")).toEqual([]);

    const [held] = (await user.jobs(body.batchId)).filter((job) => job.status === "processing");
    release(held?.jobId ?? "");
    await expect.poll(() => client.named("batch-finished")).toHaveLength(1);
    const [finished] = client.named("batch-finished");
    expect(finished).toMatchObject({
      ...body,
      counts: { queued: 0, processing: 0, completed: 3, failed: 0, cancelled: 0 },
      progress: 100,
      status: "finished",
      finishedAt: expect.any(String),
      feed: `user:${user.sub}`,
      eventId: `batch:${body.batchId}:1`,
    });
    const facts = client.heard.filter(({ data }) => data["cursor"] && data["feed"]);
    expect(facts.slice(-2).map(({ name }) => name)).toEqual(["job-completed", "batch-finished"]);
    const { feed: _feed, cursor: _cursor, at: _at, eventId: _id, ...told } = finished ?? {};
    expect((await user.batch(body.batchId)).body).toEqual(told);
  });

  test("is told of at most once a second while it goes on, and the last word is told", async ({
    cluster: { release },
    user,
    client,
  }) => {
    const steps = Array.from({ length: 40 }, (_, i) => i * 2);
    const begunAt = Date.now();
    const { body } = await user.submit({ jobs: [echo({ steps, gapMs: 40, hold: true })] });
    await expect
      .poll(() => client.named("batch-progress").at(-1))
      .toMatchObject({ batchId: body.batchId, progress: 78 });
    const seconds = (Date.now() - begunAt) / 1000;
    expect(client.named("batch-progress").length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    for (const { jobId } of await user.jobs(body.batchId)) release(jobId);
  });

  test("opens again when one of its jobs is retried, and finishes again", async ({
    user,
    client,
  }) => {
    const { body } = await user.submit({ jobs: [echo({}, { delay: 600_000 }), echo()] });
    await expect.poll(async () => (await user.batch(body.batchId)).body.counts.completed).toBe(1);
    expect(await user.cancel(body.batchId)).toMatchObject({
      status: 200,
      body: { status: "finished", counts: { completed: 1, cancelled: 1 } },
    });
    await expect.poll(() => client.named("batch-finished")).toHaveLength(1);
    const cancelled = (await user.jobs(body.batchId)).find(({ status }) => status === "cancelled");
    await user.retry(cancelled?.jobId ?? "");
    await expect.poll(() => client.named("batch-finished")).toHaveLength(2);
    expect(client.named("batch-finished").map((batch) => batch["eventId"])).toEqual([
      `batch:${body.batchId}:1`,
      `batch:${body.batchId}:2`,
    ]);
    expect((await user.batch(body.batchId)).body.counts).toMatchObject({ completed: 2 });
  });

  test("of a thousand jobs is accepted in one call, and counted to the last", async ({ user }) => {
    const jobs = Array.from({ length: 1000 }, () => echo());
    const { status, body } = await user.submit({ jobs });
    expect(status).toBe(201);
    await expect
      .poll(async () => (await user.batch(body.batchId)).body, { timeout: 15_000, interval: 100 })
      .toMatchObject({ status: "finished", total: 1000, counts: { completed: 1000 } });
  });

  test("gives its first answer again under its key, and makes its jobs once", async ({ user }) => {
    const jobs = [echo(), echo()];
    const key = { "idempotency-key": randomUUID() };
    const first = await user.submit({ jobs }, key);
    const second = await user.submit({ jobs }, key);
    expect(second.headers.get("idempotent-replayed")).toBe("true");
    expect(second.body).toEqual(first.body);
    expect((await user.submit({ jobs: [echo()] }, key)).status).toBe(409);
    expect((await user.batches()).body.items).toHaveLength(1);
    await expect.poll(() => user.jobs(first.body.batchId)).toHaveLength(2);
  });

  test("is listed newest first, page by page", async ({ user }) => {
    const made: string[] = [];
    for (const name of ["1", "2", "3"])
      made.unshift((await user.submit({ name, jobs: [echo()] })).body.batchId);
    const first = (await user.batches("?limit=2")).body;
    const second = (await user.batches(`?limit=2&cursor=${first.nextCursor}`)).body;
    expect([...first.items, ...second.items].map(({ batchId }) => batchId)).toEqual(made);
    expect(second.nextCursor).toBeNull();
    expect((await user.batches("?cursor=nonsense")).status).toBe(400);
  });

  test("is cancelled with all its jobs", async ({ cluster: { release }, user }) => {
    const later = Array.from({ length: 10 }, () => echo({}, { delay: 600_000 }));
    const { body } = await user.submit({ jobs: [...later, echo({ hold: true })] });
    await expect.poll(async () => (await user.batch(body.batchId)).body.counts.processing).toBe(1);
    const cancelled = await user.cancel(body.batchId);
    expect(cancelled.status).toBe(202);
    expect(cancelled.body.counts).toMatchObject({ queued: 0, processing: 1, cancelled: 10 });
    for (const { jobId } of await user.jobs(body.batchId)) release(jobId);
    await expect.poll(async () => (await user.batch(body.batchId)).body.status).toBe("finished");
    expect((await user.cancel(body.batchId)).status).toBe(200);
  });

  test("of somebody else is not there", async ({ cluster: { a }, user }) => {
    const { body } = await user.submit({ jobs: [echo()] });
    const stranger = createUser(a);
    expect((await stranger.batch(body.batchId)).status).toBe(404);
    expect((await stranger.cancel(body.batchId)).status).toBe(404);
    expect((await stranger.batches()).body.items).toEqual([]);
    expect((await user.batch(NOBODY)).status).toBe(404);
    const admin = { authorization: `Bearer ${a.token("root", { roles: ["admin"] })}` };
    const seen = await fetch(`${a.url}/api/batches/${body.batchId}`, { headers: admin });
    expect(seen.status).toBe(200);
  });

  test.for([
    ["no job", { jobs: [] }, "/jobs"],
    ["too many jobs", { jobs: Array.from({ length: 1001 }, () => echo()) }, "/jobs"],
    ["an unknown field", { jobs: [echo()], caseId: "1" }, "/caseId"],
    ["a job of no known type", { jobs: [echo(), echo({}, { type: "nope" })] }, "/jobs/1/type"],
    ["data that do not fit", { jobs: [echo(), echo({ text: 1 })] }, "/jobs/1/input/data/text"],
    ["a job with an unknown field", { jobs: [echo({}, { colour: 1 })] }, "/jobs/0/colour"],
  ] as const)("with %s is refused, and nothing is made", async ([, request, path], { user }) => {
    const { status, body } = await user.refused("/api/batches", request);
    expect(status).toBe(400);
    expect(body.errors.map((error) => error.path)).toContain(path);
    expect((await user.batches()).body.items).toEqual([]);
  });

  test("for several users is refused", async ({ cluster: { a } }) => {
    const answer = await fetch(`${a.url}/api/batches`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${a.token("backend", { roles: ["service"] })}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ jobs: [echo({}, { userId: "u1" }), echo({}, { userId: "u2" })] }),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: [{ path: "/jobs/1/userId" }] });
  });
});
