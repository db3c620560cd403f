import { describe, expect, test } from "vitest";
import type { JobEntry } from "../../src/db/jobs-table.ts";
import { advance, withoutMereProgress } from "../../src/recorder/history-batch.ts";
import type { SourceEvent } from "../../src/recorder/queue-events.ts";
import { record } from "../support/jobs.ts";

const records = new Map([["job-1", record()]]);
const START = Date.UTC(2026, 0, 1);

const events = (...names: (string | Partial<SourceEvent>)[]): SourceEvent[] =>
  names.map((name, index) => ({
    ref: `${START + index}-0`,
    at: START + index,
    jobId: "job-1",
    ...(typeof name === "string" ? { event: name } : { event: "progress", ...name }),
  }));

const progress = (fields: object) => ({
  event: "progress",
  data: JSON.stringify({ run: 1, percent: 50, step: null, ...fields }),
});

function after(before: JobEntry[], list: SourceEvent[], gapFrom: string | null = null): JobEntry[] {
  const jobs = new Map(before.map((entry) => [entry.snapshot.job.jobId, entry]));
  return advance(jobs, { from: { place: "0-0", gapFrom }, events: list, records });
}

const running = () => after([], events("added", "active"));

describe("a batch of the history", () => {
  test("writes a job once, as it is at the end", () => {
    const jobs = after([], events("added", "waiting", "active", progress({}), "completed"));
    expect(jobs.map(({ snapshot }) => snapshot.job)).toMatchObject([
      { status: "completed", attempt: 1, progress: 100 },
    ]);
    expect(jobs[0]?.audiences).toEqual(["user:42"]);
  });

  test("writes nothing for progress alone, yet takes it along with a fact", () => {
    expect(after(running(), events(progress({ percent: 60 })))).toEqual([]);
    const [job] = after(running(), events(progress({ percent: 60 }), "stalled"));
    expect(job?.snapshot.job).toMatchObject({ status: "queued", progress: 60 });
  });

  test("writes a worker's mark, which a later batch needs", () => {
    const marked = after(
      running(),
      events(progress({ error: { code: "timeout", message: "Too slow" } })),
    );
    expect(marked).toHaveLength(1);
    const [job] = after(marked, events({ event: "waiting", prev: "active" }));
    expect(job?.snapshot.job.error).toMatchObject({ code: "timeout" });
  });

  test("does not look at jobs that only progress, except at a worker's mark", () => {
    const error = { code: "timeout", message: "Too slow" };
    const about = (jobId: string, ...names: Parameters<typeof events>) =>
      events(...names).map((event) => ({ ...event, jobId }));
    const left = withoutMereProgress([
      ...about("progresses", progress({ percent: 60 }), progress({ percent: 70 })),
      ...about("fails", progress({ percent: 60 }), progress({ error })),
      ...about("ends", progress({ percent: 60 }), "completed"),
    ]);
    expect(left.map(({ jobId }) => jobId)).toEqual(["fails", "fails", "ends", "ends"]);
  });

  test("writes a quiet return to the queue", () => {
    const [job] = after(running(), events({ event: "waiting", prev: "active" }));
    expect(job?.snapshot.job.status).toBe("queued");
  });

  test("leaves out jobs without a record", () => {
    expect(
      advance(new Map(), {
        from: { place: "0-0", gapFrom: null },
        events: events("added"),
        records: new Map(),
      }),
    ).toEqual([]);
  });

  test("takes back no outcome when a stream is read again after a loss", () => {
    const all = events("added", "active", "completed");
    const done = after([], all);
    expect(after(done, all, "1-0")).toEqual([]);
  });
});
