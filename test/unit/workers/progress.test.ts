import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { WorkProgress } from "../../../src/contract/worker.ts";
import { createProgress } from "../../../workers/progress.ts";

const log = pino({ level: "silent" });

/** A job that keeps what it is told; Redis answers when the test says so. */
function listen() {
  const told: WorkProgress[] = [];
  let answer = Promise.resolve();
  return {
    told,
    percents: () => told.map(({ percent }) => percent),
    /** Holds answers back; returns what lets them through. */
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      answer = promise;
      return resolve;
    },
    updateProgress(progress: WorkProgress) {
      told.push(progress);
      return answer;
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("progress", () => {
  test("is told at once, then ten times a second, with the newest value", async () => {
    const job = listen();
    const progress = createProgress(job, 3, log);
    for (let percent = 1; percent <= 50; percent += 1) {
      progress.report(percent, `step ${percent}`);
      await vi.advanceTimersByTimeAsync(10);
    }

    expect(job.told[0]).toEqual({ run: 3, percent: 1, step: "step 1" });
    expect(job.percents()).toEqual([1, 10, 20, 30, 40, 50]);
  });

  test("is told to the last value before flush resolves, and nothing twice", async () => {
    const job = listen();
    const progress = createProgress(job, 1, log);
    progress.report(10, "a");
    progress.report(20, "b");
    await progress.flush();
    expect(job.percents()).toEqual([10, 20]);

    await progress.flush();
    await vi.advanceTimersByTimeAsync(1000);
    expect(job.percents()).toEqual([10, 20]);
  });

  test("goes out one after the other, however slow Redis is", async () => {
    const job = listen();
    const progress = createProgress(job, 1, log);
    const letThrough = job.hold();
    progress.report(10, "a");
    await vi.advanceTimersByTimeAsync(0);
    progress.report(20, "b");
    await vi.advanceTimersByTimeAsync(1000);
    expect(job.percents()).toEqual([10]);

    letThrough();
    await progress.flush();
    expect(job.percents()).toEqual([10, 20]);
  });

  test("stays between where it was and a hundred", async () => {
    const job = listen();
    const progress = createProgress(job, 1, log);
    for (const percent of [50, 20, -1, 400]) {
      progress.report(percent, "x");
      await vi.advanceTimersByTimeAsync(200);
    }
    expect(job.percents()).toEqual([50, 50, 50, 100]);
  });

  test("marks an error after everything else", async () => {
    const job = listen();
    const progress = createProgress(job, 2, log);
    progress.report(10, "a");
    progress.report(30, "b");
    await progress.mark({ code: "internal", message: "Oh" });
    expect(job.told.at(-2)).toEqual({ run: 2, percent: 30, step: "b" });
    expect(job.told.at(-1)).toEqual({
      run: 2,
      percent: 30,
      step: "b",
      error: { code: "internal", message: "Oh" },
    });
  });

  test("shows the end of a text that grows", async () => {
    const job = listen();
    const progress = createProgress(job, 1, log);
    progress.report(10, "segment 1", `${"x".repeat(600)}end`);
    await progress.flush();

    expect(job.told[0]?.partial?.text).toBe(`${"x".repeat(497)}end`);
  });
});
