import { describe, expect, vi } from "vitest";
import { createService, lockOf } from "../support/external.ts";
import { refused, test } from "../support/external-setting.ts";
import { someone, type TestNode } from "../support/gateway.ts";

const WAIT = { timeout: 20_000, interval: 50 };

describe("an external job", { timeout: 60_000 }, () => {
  test("is found, claimed with its data, reported on and completed, and its owner hears of each", async ({
    setting: { a, b, keys, service, submit, told, facts, read },
    redis,
  }) => {
    const jobId = await submit({ metadata: { order: "7" } });
    const token = a.token(someone(), { roles: ["service"] });
    await expect
      .poll(async () => (await listed(a, token)).find((job) => job["jobId"] === jobId))
      .toMatchObject({ status: "queued", metadata: { order: "7" } });

    const { status, body } = await service.claim(a, jobId, { leaseSeconds: 30 });
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        claim: expect.any(String),
        attempt: 1,
        expiresAt: expect.any(String),
        input: { data: { page: 1 } },
      },
    });
    const { claim } = body;
    const leftMs = Date.parse(String(body["expiresAt"])) - Date.now();
    expect(leftMs).toBeGreaterThan(25_000);
    expect(leftMs).toBeLessThanOrEqual(30_000);
    expect(await service.heartbeat(b, jobId, { claim })).toMatchObject({
      status: 200,
      body: { claim, attempt: 1 },
    });
    expect(await redis.pttl(lockOf(keys, jobId))).toBeGreaterThan(25_000);
    expect(
      await service.progress(b, jobId, { claim, progress: 40, step: "page 2 of 5" }),
    ).toMatchObject({ status: 200, body: { status: "processing", progress: 40, attempt: 1 } });
    await expect
      .poll(() => told(jobId).at(-1))
      .toMatchObject({ name: "job-progress", data: { progress: 40, step: "page 2 of 5" } });
    const result = { pages: 5, text: "read" };
    expect(await service.complete(a, jobId, { claim, result })).toMatchObject({
      status: 200,
      body: { status: "completed", progress: 100, result, error: null },
    });

    await expect.poll(() => facts(jobId)).toEqual(["job-queued", "job-started", "job-completed"]);
    expect(told(jobId).at(-1)?.data).toMatchObject({ status: "completed", result, attempt: 1 });
    expect(await read(jobId)).toMatchObject({ status: "completed", result });
  });

  test("is claimed by one service only, however many ask at once", async ({
    setting: { a, b, service, submit, facts },
  }) => {
    const jobId = await submit();
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, i) => service.claim(i % 2 === 0 ? a : b, jobId, {})),
    );
    const had = claims.filter(({ status }) => status === 200);
    expect(had).toHaveLength(1);
    for (const { status, body } of claims.filter((one) => !had.includes(one)))
      expect({ status, code: body["code"] }).toEqual({ status: 409, code: "conflict" });
    await expect.poll(() => facts(jobId)).toEqual(["job-queued", "job-started"]);
  });

  test("takes no report without its claim, with another one, or after its end", async ({
    setting: { a, service, submit },
  }) => {
    const jobId = await submit();
    const claim = await service.take(a, jobId);
    const other = await service.take(a, await submit());
    for (const wrong of [{}, { claim: other }, { claim: "made up" }]) {
      expect(await service.progress(a, jobId, { progress: 1, ...wrong })).toMatchObject(
        refused("stale_claim"),
      );
      expect(await service.complete(a, jobId, { result: {}, ...wrong })).toMatchObject(
        refused("stale_claim"),
      );
      const error = { code: "internal", message: "No" };
      expect(await service.fail(a, jobId, { error, ...wrong })).toMatchObject(
        refused("stale_claim"),
      );
    }
    expect(await service.heartbeat(a, jobId, { claim: other })).toMatchObject(
      refused("stale_claim"),
    );
    expect(await service.complete(a, jobId, { result: { n: 1 }, claim })).toMatchObject({
      status: 200,
    });
    for (const again of [{ claim }, {}])
      expect(await service.complete(a, jobId, { result: { n: 2 }, ...again })).toMatchObject(
        refused("job_finished"),
      );
    expect(await service.progress(a, jobId, { progress: 9, claim: other })).toMatchObject(
      refused("stale_claim"),
    );
    expect(await service.claim(a, jobId, {})).toMatchObject(refused("job_finished"));
  });

  test("that failed is done again while attempts are left and its service asks for it", async ({
    setting: { a, b, service, submit, facts, told },
  }) => {
    const jobId = await submit();
    const error = { code: "engine_unavailable", message: "The engine is busy" };
    for (const attempt of [1, 2, 3]) {
      const claim = await claimWhenDue(service, a, jobId);
      const { status, body } = await service.fail(b, jobId, { claim, error, retry: true });
      const expected = attempt < 3 ? "queued" : "failed";
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { status: expected, attempt, error: { ...error, retryable: true } },
      });
      if (attempt === 1)
        expect(await service.claim(a, jobId, {})).toMatchObject({
          ...refused("conflict"),
          body: { detail: "The job is delayed, and not due yet" },
        });
    }
    await expect
      .poll(() => facts(jobId))
      .toEqual([
        "job-queued",
        "job-started",
        "job-retrying",
        "job-started",
        "job-retrying",
        "job-started",
        "job-failed",
      ]);
    expect(told(jobId).at(-1)?.data).toMatchObject({ attempt: 3, error });
  });

  test("that failed for good ends at once, and can be retried by hand", async ({
    setting: { a, b, service, user, submit, facts },
  }) => {
    const jobId = await submit();
    const claim = await service.take(a, jobId);
    const error = { code: "input_corrupt", message: "The page is torn" };
    expect(await service.fail(a, jobId, { claim, error })).toMatchObject({
      status: 200,
      body: { status: "failed", error: { ...error, retryable: false } },
    });
    expect(await user.call(b, `/api/jobs/${jobId}/retry`)).toMatchObject({ status: 200 });
    const { body } = await service.claim(a, jobId, {});
    expect(body).toMatchObject({ attempt: 2 });
    expect(await service.fail(a, jobId, { claim, error })).toMatchObject(refused("stale_claim"));
    await service.complete(a, jobId, { claim: body["claim"], result: {} });
    await expect
      .poll(() => facts(jobId))
      .toEqual([
        "job-queued",
        "job-started",
        "job-failed",
        "job-queued",
        "job-started",
        "job-completed",
      ]);
  });

  test("that is claimed is cancelled at once, and its holder hears of it at its next word", async ({
    setting: { a, b, service, user, submit, facts },
  }) => {
    const jobId = await submit();
    const claim = await service.take(a, jobId);
    expect(await user.call(b, `/api/jobs/${jobId}/cancel`)).toMatchObject({
      status: 200,
      body: { status: "cancelled", error: { code: "cancelled" } },
    });
    for (const { status, body } of [
      await service.heartbeat(a, jobId, { claim }),
      await service.progress(a, jobId, { claim, progress: 50 }),
      await service.complete(a, jobId, { claim, result: {} }),
    ])
      expect({ status, body }).toMatchObject(refused("stale_claim"));
    await expect.poll(() => facts(jobId)).toEqual(["job-queued", "job-started", "job-cancelled"]);
    expect(await user.call(b, `/api/jobs/${jobId}/retry`)).toMatchObject({ status: 200 });
    await service.take(a, jobId);
  });

  test("that waits is cancelled, and cannot be claimed any more", async ({
    setting: { a, b, service, user, submit },
  }) => {
    const jobId = await submit();
    expect(await user.call(b, `/api/jobs/${jobId}/cancel`)).toMatchObject({ status: 200 });
    expect(await service.claim(a, jobId, {})).toMatchObject(refused("job_finished"));
    expect(await service.complete(a, jobId, { result: {} })).toMatchObject(refused("job_finished"));
  });

  test("ends in one way however a cancel and a completion meet", async ({
    setting: { a, b, service, user, submit, facts },
  }) => {
    for (let round = 0; round < 10; round += 1) {
      const jobId = await submit();
      const claim = await service.take(a, jobId);
      const [cancelled, completed] = await Promise.all([
        user.call(b, `/api/jobs/${jobId}/cancel`),
        service.complete(a, jobId, { claim, result: {} }),
      ]);
      expect(new Set([cancelled.status, completed.status])).toEqual(new Set([200, 409]));
      const outcome = completed.status === 200 ? "job-completed" : "job-cancelled";
      await expect.poll(() => facts(jobId)).toEqual(["job-queued", "job-started", outcome]);
    }
  });

  test("that nobody claimed may be reported on by any service", async ({
    setting: { a, b, service, submit, facts, told },
  }) => {
    const other = createService(b.token(someone(), { roles: ["service"] }));
    const jobId = await submit();
    expect(await service.progress(a, jobId, { progress: 30, step: "reading" })).toMatchObject({
      status: 200,
      body: { status: "processing", progress: 30, step: "reading" },
    });
    expect(await other.progress(b, jobId, { progress: 70 })).toMatchObject({ status: 200 });
    expect(await other.claim(b, jobId, {})).toMatchObject(refused("conflict"));
    expect(await other.complete(b, jobId, { result: { n: 1 } })).toMatchObject({ status: 200 });
    await expect.poll(() => facts(jobId)).toEqual(["job-queued", "job-started", "job-completed"]);
    expect(told(jobId).at(-1)?.data).toMatchObject({ attempt: 1, result: { n: 1 } });

    const failed = await submit();
    const error = { code: "own_words", message: "It did not work" };
    expect(await service.fail(a, failed, { error })).toMatchObject({
      status: 200,
      body: { status: "failed", error: { code: "internal", message: "It did not work" } },
    });
  });

  test("that is delayed is claimed when it is due, and not before", async ({
    setting: { a, service, submit, facts },
  }) => {
    const jobId = await submit({ delay: 1500 });
    expect(await service.claim(a, jobId, {})).toMatchObject(refused("conflict"));
    expect(await service.complete(a, jobId, { result: {} })).toMatchObject(refused("conflict"));
    await claimWhenDue(service, a, jobId);
    await expect.poll(() => facts(jobId)).toEqual(["job-queued", "job-started"]);
  });

  test("is a service's alone to work on, and no other type is", async ({
    setting: { a, b, userId, service, user, submit },
  }) => {
    const jobId = await submit();
    const admin = createService(a.token(someone(), { roles: ["admin"] }));
    for (const caller of [user, admin]) {
      expect(await caller.claim(a, jobId, {})).toMatchObject({ status: 403 });
      expect(await caller.complete(a, jobId, { result: {} })).toMatchObject({ status: 403 });
    }
    expect(await service.claim(a, "nothing", {})).toMatchObject({ status: 404 });
    const echo = await b.submit(b.token(userId));
    expect(await service.claim(a, echo, {})).toMatchObject(refused("conflict"));
    expect(await service.complete(a, echo, { result: {} })).toMatchObject(refused("conflict"));
  });

  test("gets a code and a sentence for each malformed report, and is as it was", async ({
    setting: { a, service, submit, read },
  }) => {
    const jobId = await submit();
    const claim = await service.take(a, jobId);
    const bad: [string, object, number, string][] = [
      ["claim", { leaseSeconds: 0 }, 400, "invalid"],
      ["claim", { leaseSeconds: 1e9 }, 400, "invalid"],
      ["claim", { lease: 5 }, 400, "invalid"],
      ["heartbeat", {}, 400, "invalid"],
      ["progress", { claim, progress: 101 }, 400, "invalid"],
      ["progress", { claim, progress: "50" }, 400, "invalid"],
      ["progress", { claim, progress: 5, step: "x".repeat(201) }, 400, "invalid"],
      ["complete", { claim }, 400, "invalid"],
      ["complete", { claim, result: "done" }, 400, "invalid"],
      ["complete", { claim, result: { files: [] } }, 400, "invalid"],
      ["complete", { claim, result: { text: "x".repeat(65_536) } }, 413, "too_large"],
      ["complete", { claim, result: {}, files: [{ uploadId: "1", name: "../a" }] }, 400, "invalid"],
      ["fail", { claim, error: { code: "Bad Code", message: "No" } }, 400, "invalid"],
      ["fail", { claim, error: { code: "internal" } }, 400, "invalid"],
    ];
    for (const [call, body, status, code] of bad) {
      const answer = await service.call(a, `/api/jobs/${jobId}/${call}`, body);
      expect.soft(answer, `${call} ${JSON.stringify(body).slice(0, 80)}`).toMatchObject({
        status,
        body: { code, detail: expect.any(String) },
      });
    }
    expect(await read(jobId)).toMatchObject({ status: "processing", progress: 0 });
    const result = { text: "x".repeat(65_536 - `{"text":""}`.length) };
    expect(await service.complete(a, jobId, { claim, result })).toMatchObject({ status: 200 });
    expect(await read(jobId)).toMatchObject({ status: "completed", result });
  });

  test("is submitted with data alone, and no options", async ({ setting: { b, userId, user } }) => {
    const submit = (request: object) =>
      user.call(b, "/api/jobs", { type: "external", input: { data: 1 }, ...request });
    expect(await submit({ options: { fast: true } })).toMatchObject({
      status: 422,
      body: { code: "invalid_options" },
    });
    expect(await submit({ input: { url: "https://example.com/a" } })).toMatchObject({
      status: 400,
    });
    expect(await submit({})).toMatchObject({ status: 201, body: { userId, maxAttempts: 3 } });
  });
});

async function claimWhenDue(
  service: ReturnType<typeof createService>,
  node: TestNode,
  jobId: string,
): Promise<string> {
  return await vi.waitFor(() => service.take(node, jobId), WAIT);
}

async function listed(node: TestNode, token: string): Promise<Record<string, unknown>[]> {
  const { body } = await node.get("/api/jobs?type=external&status=queued&userId=*", token);
  const { items } = body;
  return Array.isArray(items) ? items : [];
}
