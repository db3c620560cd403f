import { describe, expect } from "vitest";
import type { Outcome } from "../support/workers.ts";
import { test } from "../support/workers.ts";

const names = ({ events }: Outcome) => events.map(({ event }) => event);

describe("an attempt", () => {
  test("hands the result of its task to the queue", async ({ line, start }) => {
    await start();
    const jobId = await line.submit("echo", { input: { data: { text: "hello" } } });

    const { result } = await line.outcome(jobId);

    expect(result).toMatchObject({ run: 1, input: { data: { text: "hello" } } });
    expect(result?.["pid"]).not.toBe(process.pid);
  });

  test("keeps its files in a folder of its run", async ({ line, start, store }) => {
    await start();
    const jobId = await line.submit("save");

    const { result } = await line.outcome(jobId);

    const key = `jobs/${jobId}/1/a.txt`;
    expect(result).toEqual({
      files: [{ key, name: "a.txt", contentType: "text/plain; charset=utf-8", bytes: 5 }],
    });
    expect(await store.head(key)).toBeDefined();
    await expect.poll(line.files).toEqual([`files/${key}`]);
  });

  test("ends the job at once for an error that another attempt would meet too", async ({
    line,
    start,
  }) => {
    await start();
    const jobId = await line.submit("refuse");

    const outcome = await line.outcome(jobId);

    expect(outcome.failure).toEqual({
      code: "input_corrupt",
      message: "The file is damaged",
      run: 1,
    });
    expect(names(outcome).filter((name) => name === "active")).toHaveLength(1);
    expect(await line.files()).toEqual([]);
  });

  test("leaves a mark before it is repeated, and none of its files", async ({ line, start }) => {
    await start();
    const jobId = await line.submit("fail");

    const { result, progress, events } = await line.outcome(jobId);

    expect(result).toEqual({ run: 2 });
    const error = { code: "internal", message: "Something went wrong in the worker" };
    expect(progress.filter((told) => told.error !== undefined)).toEqual([
      { run: 1, percent: 40, step: "trying", error },
    ]);
    const mark = events.findIndex(({ data }) => data?.includes("error") === true);
    expect(events[mark + 1]?.event).toBe("delayed");
    expect(await line.files()).toEqual([`files/jobs/${jobId}/2/a.txt`]);
  });

  test("tells nothing of what went wrong inside, when it was the last", async ({ line, start }) => {
    await start();
    const jobId = await line.submit("fail", { options: { times: 9 }, maxAttempts: 2 });

    const { failure, progress } = await line.outcome(jobId);

    expect(failure).toEqual({
      code: "internal",
      message: "Something went wrong in the worker",
      run: 2,
    });
    expect(progress.filter((told) => told.error !== undefined)).toHaveLength(1);
    expect(await line.files()).toEqual([]);
  });

  test.for(["boast", "steal", "babble"])(
    "refuses a result that cannot be told: %s",
    async (act, { line, start }) => {
      await start();
      const { failure } = await line.outcome(await line.submit(act, { maxAttempts: 1 }));
      expect(failure).toMatchObject({ code: "internal", run: 1 });
    },
  );

  test.for([{ options: { act: 1 } }, { options: { times: "many" } }, { options: { other: 1 } }])(
    "refuses a job with %j, which no gateway lets through",
    async (wanted, { line, start }) => {
      await start();
      const { failure } = await line.outcome(await line.submit("echo", wanted));
      expect(failure).toEqual({ code: "internal", message: "The job is malformed", run: 0 });
    },
  );

  test("says so when its file is gone, and goes on with the next job", async ({ line, start }) => {
    await start();
    const file = {
      key: "uploads/1/gone.jpg",
      name: "gone.jpg",
      contentType: "image/jpeg",
      bytes: 1,
    };
    const gone = await line.submit("look", { input: { file } });
    const next = await line.submit("echo");

    const { failure } = await line.outcome(gone);

    expect(failure).toMatchObject({
      code: "input_missing",
      message: "The file to work on is gone",
    });
    expect((await line.outcome(next)).result).toMatchObject({ run: 1 });
  });
});

describe("progress", () => {
  test("comes at most ten times a second, and the last before the outcome", async ({
    line,
    start,
  }) => {
    await start();
    const jobId = await line.submit("count");

    const outcome = await line.outcome(jobId);

    const seconds = spanOf(outcome) / 1000;
    expect(outcome.progress.length).toBeGreaterThan(3);
    expect(outcome.progress.length).toBeLessThanOrEqual(seconds * 10 + 2);
    expect(outcome.progress.at(-1)).toEqual({ run: 1, percent: 100, step: "step 500" });
    expect(names(outcome).slice(-2)).toEqual(["progress", "completed"]);
  });

  test("of one that is over is not told of the next in the same process", async ({
    line,
    start,
  }) => {
    await start();
    const { result: before } = await line.outcome(await line.submit("chatter"));
    const next = await line.submit("count");
    const { result, progress } = await line.outcome(next);
    const again = await line.outcome(await line.submit("echo"));
    expect(again.result?.["pid"]).toBe(before?.["pid"]);
    expect(result).toEqual({});
    expect(JSON.stringify(progress)).not.toContain("left over");
  });

  test("never goes backwards, whatever the task says", async ({ line, start }) => {
    await start();
    const { progress } = await line.outcome(await line.submit("wander"));
    expect(progress.map(({ percent }) => percent)).toEqual([30, 30, 30, 100, 100]);
  });
});

/** From start to end, ms. */
function spanOf({ events }: Outcome): number {
  const at = (name: string) =>
    Number(events.find(({ event }) => event === name)?.["at"] ?? Number.NaN);
  return at("completed") - at("active");
}
