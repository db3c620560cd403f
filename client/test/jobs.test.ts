import { describe, expect, vi } from "vitest";
import type { Jobcast } from "../src/index.ts";
import { becomes, open, someone, test } from "./kit.ts";

describe("a job that is handed in", () => {
  test("is known at once, and followed to its outcome", async ({ cluster: { a } }) => {
    const jobcast = open({ url: a.url, token: a.token(someone()) });
    const outcomes: string[] = [];
    jobcast.jobs.onOutcome(({ jobId, status }) => outcomes.push(`${jobId} ${status}`));
    jobcast.connect();
    const answer = await jobcast.submit({ type: "echo", input: { data: { text: "hello" } } });
    if (!answer.ok) throw new Error(answer.error.message);
    const { jobId } = answer.value;
    expect(jobcast.jobs.get(jobId)).toMatchObject({ jobId });
    await vi.waitFor(
      () => expect(jobcast.jobs.get(jobId)).toMatchObject({ status: "completed", progress: 100 }),
      15_000,
    );
    expect(outcomes).toEqual([`${jobId} completed`]);
    expect(jobcast.jobs.list.get().map((job) => job.jobId)).toEqual([jobId]);
  });

  test("is told why it does not fit, in the answer", async ({ cluster: { a } }) => {
    const jobcast = open({ url: a.url, token: a.token(someone()) });
    const answer = await jobcast.submit({ type: "nonsense", input: {} });
    expect(answer).toMatchObject({ ok: false, error: { status: 400, retryable: false } });
    expect(jobcast.connection.get().status).toBe("idle");
  });

  test("is one job, however often its call is made", async ({ cluster: { a, b } }) => {
    const token = a.token(someone());
    const [one, two] = [open({ url: a.url, token }), open({ url: b.url, token })];
    const request = { type: "echo", input: { data: { text: "once" } } };
    const answers = [
      await one.submit(request, { key: "k" }),
      await two.submit(request, { key: "k" }),
    ];
    expect(new Set(answers.map((answer) => answer.ok && answer.value.jobId)).size).toBe(1);
  });
});

describe("what another window does", () => {
  test("is seen in this one", async ({ cluster: { a, b } }) => {
    const token = a.token(someone());
    const [here, there] = [open({ url: a.url, token }), open({ url: b.url, token })];
    here.connect();
    await becomes(here, "live");
    const answer = await there.submit({ type: "echo", input: { data: { text: "there" } } });
    const jobId = answer.ok ? answer.value.jobId : "";
    await vi.waitFor(() => expect(here.jobs.get(jobId)?.status).toBe("completed"), 15_000);
  });
});

describe("what ended before the page was connected", () => {
  test.for([1, 12])("is asked for: %d jobs", async (count, { cluster: { a } }) => {
    const token = a.token(someone());
    const [page, other] = [open({ url: a.url, token }), open({ url: a.url, token })];
    const statuses = (client: Jobcast) => client.jobs.list.get().map(({ status }) => status);
    other.connect();
    await becomes(other, "live");
    await Promise.all(
      Array.from({ length: count }, (_, n) =>
        page.submit({ type: "echo", input: { data: { text: `${n}` } } }),
      ),
    );
    const done = Array.from({ length: count }, () => "completed");
    await vi.waitFor(() => expect(statuses(other)).toEqual(done));
    expect(statuses(page)).not.toContain("completed");
    page.connect();
    await vi.waitFor(() => expect(statuses(page)).toEqual(done));
  });
});
