import { describe, expect } from "vitest";
import type { Job } from "../../src/contract/job.ts";
import { type Answer, echo, follow, test, type User } from "../support/batches.ts";

const untilFinished = (user: User, batchId: string) =>
  expect.poll(async () => (await user.batch(batchId)).body.status).toBe("finished");

const byParent = (jobs: Job[], parentId: string | null) =>
  jobs.filter((job) => job.parentId === parentId);

describe("a job that follows another", () => {
  test("waits in line from the start, and works on what that one said", async ({
    cluster: { release },
    user,
    client,
  }) => {
    const { status, body: parent } = await user.submitJob(
      echo({ hold: true, text: "said" }, { metadata: { label: "x" }, then: [follow()] }),
    );
    expect(status).toBe(201);
    expect(parent).toMatchObject({ batchId: expect.any(String), parentId: null });
    const batchId = parent.batchId ?? "";
    await expect.poll(() => client.named("job-queued")).toHaveLength(2);
    const [waiting] = byParent(await user.jobs(batchId), parent.jobId);
    expect(waiting).toMatchObject({
      status: "queued",
      step: "waits for the job before it",
      queuePosition: null,
      metadata: { label: "x" },
      userId: user.sub,
    });
    expect((await user.batch(batchId)).body).toMatchObject({ total: 2, status: "open" });

    release(parent.jobId);
    await untilFinished(user, batchId);
    expect(await user.job(waiting?.jobId ?? "")).toMatchObject({
      status: "completed",
      result: { text: "said" },
    });
    await expect.poll(() => client.named("batch-finished")).toHaveLength(1);
    const told = client.heard.filter(({ data }) => data["jobId"] === waiting?.jobId);
    expect(told.map(({ name }) => name).filter((name) => name !== "job-progress")).toEqual([
      "job-queued",
      "job-started",
      "job-completed",
    ]);
  });

  test("may be followed by others, and one job by several", async ({ user }) => {
    const last = follow();
    const { body } = await user.submitJob(
      echo({ text: "x" }, { then: [follow({ then: [last, last] }), echo({ text: "own" })] }),
    );
    await untilFinished(user, body.batchId ?? "");
    const jobs = await user.jobs(body.batchId ?? "");
    expect(jobs.map(({ status }) => status)).toEqual(Array(5).fill("completed"));
    const texts = jobs.map(({ result }) => result?.["text"]);
    expect(new Set(texts)).toEqual(new Set(["own", "x"]));
  });

  test("waits out its own delay once it is let go", async ({ user }) => {
    const { body } = await user.submitJob(echo({}, { then: [follow({ delay: 600_000 })] }));
    const [follower] = byParent(await user.jobs(body.batchId ?? ""), body.jobId);
    await expect
      .poll(() => user.job(follower?.jobId ?? ""))
      .toMatchObject({ status: "queued", step: expect.stringMatching(/^Delayed until /) });
    await user.cancel(body.batchId ?? "");
    await untilFinished(user, body.batchId ?? "");
  });

  test("ends with it when it is cancelled, and waits again when it is retried", async ({
    user,
    client,
  }) => {
    const { body: parent } = await user.submitJob(
      echo({ text: "late" }, { delay: 600_000, then: [follow({ then: [follow()] })] }),
    );
    const batchId = parent.batchId ?? "";
    await user.cancelJob(parent.jobId);
    await untilFinished(user, batchId);
    const jobs = await user.jobs(batchId);
    const followers = jobs.filter(({ parentId }) => parentId !== null);
    expect(followers).toHaveLength(2);
    for (const follower of followers) {
      expect(follower).toMatchObject({ status: "cancelled", error: { code: "parent_failed" } });
      expect((await user.retry(follower.jobId)).status).toBe(409);
    }
    await expect.poll(() => client.named("batch-finished")).toHaveLength(1);

    await user.retry(parent.jobId);
    await expect.poll(() => client.named("batch-finished")).toHaveLength(2);
    expect((await user.jobs(batchId)).map(({ status, result }) => [status, result])).toEqual(
      [1, 2, 3].map(() => ["completed", { text: "late" }]),
    );
    expect(client.named("job-cancelled")).toHaveLength(3);
  });

  test("waits again when the one before it is retried the moment that its failure is heard", async ({
    user,
    client,
  }) => {
    const retried = new Promise<Answer<Job>>((resolve) =>
      client.socket.on("job-failed", ({ jobId }) => resolve(user.retry(jobId))),
    );
    const then = Array.from({ length: 20 }, () => follow({ then: [follow()] }));
    const { body } = await user.submitJob(echo({ fails: 1, text: "late" }, { then }));
    expect(await retried).toMatchObject({ status: 200 });
    await expect
      .poll(async () => (await user.batch(body.batchId ?? "")).body.counts)
      .toMatchObject({ completed: 41 });
  });

  test("fails when what it is to work on does not fit, and those after it end", async ({
    user,
  }) => {
    const { body } = await user.submitJob(
      echo({ text: "x" }, { then: [follow({ type: "strict", then: [follow()] })] }),
    );
    await untilFinished(user, body.batchId ?? "");
    const jobs = await user.jobs(body.batchId ?? "");
    expect(jobs.map(({ type, status, error }) => [type, status, error?.code])).toEqual(
      expect.arrayContaining([
        ["echo", "completed", undefined],
        ["strict", "failed", "input_unsupported"],
        ["echo", "cancelled", "parent_failed"],
      ]),
    );
  });

  test("is cancelled by itself without harm to the job before it", async ({
    cluster: { release },
    user,
  }) => {
    const { body } = await user.submitJob(echo({ hold: true }, { then: [follow()] }));
    const [follower] = byParent(await user.jobs(body.batchId ?? ""), body.jobId);
    expect((await user.cancelJob(follower?.jobId ?? "")).status).toBe(200);
    release(body.jobId);
    await untilFinished(user, body.batchId ?? "");
    expect((await user.batch(body.batchId ?? "")).body.counts).toMatchObject({
      completed: 1,
      cancelled: 1,
    });
    // What it would have worked on is there by now.
    expect((await user.retry(follower?.jobId ?? "")).status).toBe(200);
    await expect
      .poll(async () => (await user.batch(body.batchId ?? "")).body.counts.completed)
      .toBe(2);
  });

  const deep = (levels: number): object =>
    levels === 0 ? follow() : follow({ then: [deep(levels - 1)] });

  test.for([
    ["six in a row", [deep(5)], "/then/0/then/0/then/0/then/0/then/0/then/0"],
    ["an owner of its own", [follow({ userId: "x" })], "/then/0/userId"],
    ["another source than its parent", [echo({}, { input: { from: "x" } })], "/then/0/input/from"],
    [
      "a file for a type that takes none",
      [follow({ input: { from: "parent", file: "a" } })],
      "/then/0/input/file",
    ],
    [
      "data that do not fit",
      [follow({ then: [echo({ text: 1 })] })],
      "/then/0/then/0/input/data/text",
    ],
    ["no type", [{ input: {} }], "/then/0"],
  ] as const)("is refused with %s, and nothing is made", async ([, then, path], { user }) => {
    const { status, body } = await user.refused("/api/jobs", echo({}, { then }));
    expect(status).toBe(400);
    expect(body.errors.map((error) => error.path)).toContain(path);
    expect((await user.batches()).body.items).toEqual([]);
  });

  test("counts among a batch's jobs", async ({ user }) => {
    const { body } = await user.submit({ jobs: [echo({}, { then: [follow()] }), echo()] });
    expect(body.total).toBe(3);
    await untilFinished(user, body.batchId);
  });
});
