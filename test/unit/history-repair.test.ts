import { describe, expect, test } from "vitest";
import type { JobStatus } from "../../src/contract/job.ts";
import { eventsOf } from "../../src/recorder/history-repair.ts";
import { entry } from "../support/jobs.ts";

const NOW = 9_000;
const hash = (fields: Record<string, string> = {}) => ({
  timestamp: "1000",
  data: JSON.stringify({ input: { data: 1 }, options: {}, runBase: 0, retries: 0 }),
  ...fields,
});
const known = (status: JobStatus, run: number) => ({ ...entry({ status }).snapshot, run });
const told = (before: ReturnType<typeof known> | undefined, fields: Record<string, string>) =>
  eventsOf(before, fields, NOW).map(({ event, at }) => `${event} ${at}`);

const running = hash({ ats: "1", processedOn: "2000" });
const completed = { ...running, returnvalue: "{}", finishedOn: "3000" };

describe("the events that a gap has swallowed", () => {
  test("of a job never heard of are all that it went through", () => {
    expect(told(undefined, hash())).toEqual(["added 1000"]);
    expect(told(undefined, running)).toEqual(["added 1000", "active 2000"]);
    expect(told(undefined, completed)).toEqual(["added 1000", "active 2000", "completed 3000"]);
  });

  test("of a job that ran meanwhile are its further attempts and its outcome", () => {
    const failed = hash({ ats: "3", processedOn: "2000", failedReason: "no", finishedOn: "3000" });
    expect(told(known("processing", 1), failed)).toEqual([
      "active 2000",
      "active 2000",
      "failed 3000",
    ]);
  });

  test("of a job that was retried by hand begin with that", () => {
    const again = {
      ...completed,
      data: JSON.stringify({ input: { data: 1 }, options: {}, runBase: 1, retries: 1 }),
    };
    expect(told(known("failed", 1), again)).toEqual([
      "waiting 2000",
      "active 2000",
      "completed 3000",
    ]);
  });

  test("are none when the history knows as much or more", () => {
    expect(told(known("completed", 1), completed)).toEqual([]);
    expect(told(known("processing", 2), completed)).toEqual([]);
    expect(told(known("queued", 0), hash())).toEqual([]);
  });

  test("of a job that is gone are its removal, and nothing when it was never heard of", () => {
    expect(told(known("queued", 0), {})).toEqual(["removed 9000"]);
    expect(told(undefined, {})).toEqual([]);
  });
});
