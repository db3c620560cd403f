import { describe, expect, test } from "vitest";
import { type JobSnapshot, toSnapshot } from "../../../src/jobs/snapshot.ts";
import { type QueueEvent, readFailure, transition } from "../../../src/jobs/transition.ts";
import { record } from "../../support/jobs.ts";

const RECORD = record({ maxAttempts: 3 });
const at = (event: string, fields: Partial<QueueEvent> = {}): QueueEvent => ({
  at: Date.parse("2026-01-01T00:01:00.000Z"),
  event,
  ...fields,
});
const progress = (data: unknown) => at("progress", { data: JSON.stringify(data) });
const failed = (code: string) =>
  at("failed", { failedReason: JSON.stringify({ code, message: "Sorry", run: 1 }) });

/** What is told of a job through a series of events, and how it stands afterwards. */
function play(...events: QueueEvent[]): { told: (string | undefined)[]; snapshot: JobSnapshot } {
  let snapshot: JobSnapshot | undefined;
  const told = events.map((event) => {
    const next = transition(snapshot, RECORD, event);
    snapshot = next?.snapshot ?? snapshot;
    return next === undefined ? "nothing" : next.tell;
  });
  return { told, snapshot: snapshot ?? toSnapshot(RECORD) };
}

const RUNNING = [at("added"), at("waiting"), at("active", { prev: "waiting" })];
const AGAIN = at("waiting", { prev: "failed" });

describe("a job's course", () => {
  test("is told from queue to outcome, and each event once", () => {
    const { told, snapshot } = play(
      ...RUNNING,
      progress({ run: 1, percent: 40, step: "resizing" }),
      at("completed", { returnvalue: '{"width":3}' }),
      at("completed", { returnvalue: '{"width":4}' }),
    );
    expect(told).toEqual([
      "job-queued",
      "nothing",
      "job-started",
      "job-progress",
      "job-completed",
      "nothing",
    ]);
    expect(snapshot).toMatchObject({ run: 1, retries: 0, mark: null });
    expect(snapshot.job).toMatchObject({
      status: "completed",
      progress: 100,
      step: null,
      attempt: 1,
      result: { width: 3 },
      startedAt: "2026-01-01T00:01:00.000Z",
      finishedAt: "2026-01-01T00:01:00.000Z",
    });
  });

  test("begins with an added job alone", () => {
    for (const event of ["waiting", "active", "progress", "completed", "failed", "removed"]) {
      expect(transition(undefined, RECORD, at(event))).toBeUndefined();
    }
  });

  test("leaves the snapshot it was given as it was", () => {
    const before = toSnapshot(RECORD);
    const copy = structuredClone(before);
    transition(before, RECORD, at("active"));
    expect(before).toEqual(copy);
  });

  test("ignores events that it does not know", () => {
    expect(transition(toSnapshot(RECORD), RECORD, at("deduplicated"))).toBeUndefined();
  });
});

describe("progress", () => {
  test("never goes back within a run", () => {
    const { snapshot } = play(
      ...RUNNING,
      progress({ run: 1, percent: 40, step: "a" }),
      progress({ run: 1, percent: 30, step: "b" }),
    );
    expect(snapshot.job).toMatchObject({ progress: 40, step: "b" });
  });

  test("of another run, before the start or after the outcome is refused", () => {
    expect(play(...RUNNING, progress({ run: 2, percent: 1, step: null })).told.at(-1)).toBe(
      "nothing",
    );
    expect(play(at("added"), progress({ run: 0, percent: 1, step: null })).told.at(-1)).toBe(
      "nothing",
    );
    const late = play(...RUNNING, at("completed"), progress({ run: 1, percent: 1, step: null }));
    expect(late.told.at(-1)).toBe("nothing");
  });

  test("of a zombie's run is refused once its successor has started", () => {
    const { told, snapshot } = play(
      ...RUNNING,
      at("waiting", { prev: "active" }),
      at("stalled"),
      at("active"),
      progress({ run: 1, percent: 90, step: "zombie" }),
      progress({ run: 2, percent: 10, step: "successor" }),
    );
    expect(told.slice(-2)).toEqual(["nothing", "job-progress"]);
    expect(snapshot.job).toMatchObject({ progress: 10, step: "successor" });
  });

  test("may be a plain number, and nothing else that is not ours", () => {
    expect(play(...RUNNING, progress(55)).snapshot.job.progress).toBe(55);
    for (const value of [101, -1, "55", null, { percent: 5 }, Number.NaN]) {
      expect(play(...RUNNING, progress(value)).told.at(-1)).toBe("nothing");
    }
    expect(play(...RUNNING, at("progress", { data: "{" })).told.at(-1)).toBe("nothing");
  });

  test("keeps the partial text until there is another", () => {
    const { snapshot } = play(
      ...RUNNING,
      progress({ run: 1, percent: 1, step: null, partial: { text: "so far" } }),
      progress({ run: 1, percent: 2, step: null }),
    );
    expect(snapshot.job.partial).toEqual({ text: "so far" });
  });
});

describe("a return to the queue", () => {
  const mark = progress({
    run: 1,
    percent: 10,
    step: null,
    error: { code: "engine_unavailable", message: "Busy" },
  });

  test("after the worker's mark is a retry, with the error of the attempt that failed", () => {
    const { told, snapshot } = play(
      ...RUNNING,
      mark,
      at("delayed"),
      at("waiting", { prev: "delayed" }),
    );
    expect(told.slice(-3)).toEqual([undefined, "job-retrying", "nothing"]);
    expect(snapshot.mark).toBeNull();
    expect(snapshot.job).toMatchObject({
      status: "queued",
      error: { code: "engine_unavailable", message: "Busy", retryable: true },
    });
  });

  test("without a mark is no retry", () => {
    const { told, snapshot } = play(...RUNNING, at("waiting", { prev: "active" }));
    expect(told.at(-1)).toBe("job-progress");
    expect(snapshot.job).toMatchObject({ status: "queued", error: null });
  });

  test("after a stall is told as the loss of the worker, once", () => {
    const { told, snapshot } = play(...RUNNING, at("waiting", { prev: "active" }), at("stalled"));
    expect(told.slice(-2)).toEqual(["job-progress", "job-retrying"]);
    expect(snapshot.job.error?.code).toBe("worker_lost");
  });

  test("does not carry a mark over into the next run", () => {
    const { told } = play(
      ...RUNNING,
      mark,
      at("delayed"),
      at("active"),
      at("waiting", { prev: "active" }),
    );
    expect(told.at(-1)).toBe("job-progress");
  });

  test("starts the next attempt from nothing", () => {
    const { snapshot } = play(...RUNNING, mark, at("delayed"), at("active"));
    expect(snapshot.run).toBe(2);
    expect(snapshot.job).toMatchObject({
      status: "processing",
      attempt: 2,
      progress: 0,
      error: null,
    });
  });
});

describe("a job that waits for another", () => {
  const waiting = toSnapshot(record({ parentId: "parent" }));
  const isLetGo = at("waiting", { prev: "delayed" });

  test("says so no more once it is let go, in whatever words it did", () => {
    const before = { ...waiting, job: { ...waiting.job, step: "an older version's words" } };
    const next = transition(before, RECORD, isLetGo);
    expect(next?.tell).toBe("job-progress");
    expect(next?.snapshot.job.step).toBeNull();
  });

  test("is let go once, and no other is", () => {
    const letGo = transition(waiting, RECORD, isLetGo)?.snapshot;
    expect(transition(letGo, RECORD, isLetGo)).toBeUndefined();
    expect(transition(toSnapshot(RECORD), RECORD, isLetGo)).toBeUndefined();
  });
});

describe("an end", () => {
  test("by failure tells the worker's code and sentence", () => {
    const { told, snapshot } = play(...RUNNING, failed("input_corrupt"));
    expect(told.at(-1)).toBe("job-failed");
    expect(snapshot.job).toMatchObject({
      status: "failed",
      error: { code: "input_corrupt", message: "Sorry", retryable: false },
    });
  });

  test("by a cancel is told as such, while the job runs and while it waits", () => {
    expect(play(...RUNNING, failed("cancelled")).told.at(-1)).toBe("job-cancelled");
    const { told, snapshot } = play(at("added"), at("removed", { prev: "waiting" }));
    expect(told.at(-1)).toBe("job-cancelled");
    expect(snapshot.job).toMatchObject({ status: "cancelled", error: { code: "cancelled" } });
  });

  test("is final: a removal of the finished job tells nothing", () => {
    const done = [...RUNNING, at("completed")];
    for (const event of ["removed", "failed", "active", "stalled", "delayed"]) {
      expect(play(...done, at(event)).told.at(-1)).toBe("nothing");
    }
  });

  test("with a result that is no object has an empty one", () => {
    for (const returnvalue of ["7", "[1]", "null", "{", undefined]) {
      expect(play(...RUNNING, at("completed", { returnvalue })).snapshot.job.result).toEqual({});
    }
  });
});

describe("a retry by hand", () => {
  test("opens the next run: attempts go on counting, as many are granted as at first", () => {
    const { told, snapshot } = play(...RUNNING, failed("internal"), AGAIN);
    expect(told.at(-1)).toBe("job-queued");
    expect(snapshot).toMatchObject({ run: 1, retries: 1, mark: null });
    expect(snapshot.job).toMatchObject({
      status: "queued",
      attempt: 1,
      maxAttempts: 4,
      error: null,
      startedAt: null,
      finishedAt: null,
    });
    expect(play(...RUNNING, failed("internal"), AGAIN, at("active")).snapshot.job.attempt).toBe(2);
  });

  test("of a job that was removed while it waited begins with its new adding", () => {
    const { told, snapshot } = play(at("added"), at("removed"), at("added"), at("waiting"));
    expect(told.slice(-2)).toEqual(["job-queued", "nothing"]);
    expect(snapshot).toMatchObject({ run: 0, retries: 1 });
  });

  test("of an open job changes nothing", () => {
    expect(play(...RUNNING, AGAIN).told.at(-1)).toBe("nothing");
    expect(play(...RUNNING, at("added")).told.at(-1)).toBe("nothing");
  });
});

describe("a reason of failure", () => {
  test("that is not ours is internal, and shows nothing of it", () => {
    expect(readFailure("ENOENT: /srv/secret").message).not.toContain("secret");
    expect(readFailure(undefined).code).toBe("internal");
  });

  test("of a job that lost its worker too often is worker_lost", () => {
    expect(readFailure("job stalled more than allowable limit").code).toBe("worker_lost");
  });

  test("with a code that nobody knows is told as internal", () => {
    const { snapshot } = play(...RUNNING, failed("toString"));
    expect(snapshot.job.error).toEqual({ code: "internal", message: "Sorry", retryable: true });
  });
});
