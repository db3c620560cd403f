import { describe, expect, test } from "vitest";
import { createJobStore } from "../src/jobs.ts";
import type { Job } from "../src/types.ts";

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

const job = (changed: Partial<Job> = {}): Job => ({
  jobId: "a",
  type: "image",
  userId: "42",
  lane: "normal",
  status: "queued",
  progress: 0,
  step: null,
  partial: null,
  queuePosition: null,
  estimatedTime: null,
  attempt: 0,
  maxAttempts: 3,
  caseId: null,
  batchId: null,
  parentId: null,
  metadata: {},
  input: { name: null, bytes: null, contentType: null },
  result: null,
  error: null,
  createdAt: at(0),
  startedAt: null,
  finishedAt: null,
  updatedAt: at(0),
  ...changed,
});

const started = job({ status: "processing", attempt: 1, updatedAt: at(1) });
const halfway = { ...started, progress: 50, updatedAt: at(2) };
const done = {
  ...started,
  status: "completed",
  progress: 100,
  updatedAt: at(3),
  finishedAt: at(3),
} as const;

/** A store whose frames are drawn by hand. */
function createStore() {
  let draw: (() => void) | undefined;
  const store = createJobStore({ schedule: (flush) => (draw = flush) });
  const outcomes: Job[] = [];
  store.onOutcome((one) => outcomes.push(one));
  return { store, outcomes, frame: () => draw?.() };
}

describe("a store of jobs", () => {
  test.for([
    ["an answer that was on its way while an event came", [halfway], [started, "answer"]],
    ["an event that was heard before", [done], [halfway, "event"]],
    [
      "progress of the same moment that is less",
      [halfway],
      [{ ...halfway, progress: 40 }, "event"],
    ],
    [
      "a status of the same moment that is earlier",
      [done],
      [{ ...done, status: "processing" }, "answer"],
    ],
    [
      "an attempt of the same moment that is earlier",
      [{ ...halfway, attempt: 2 }],
      [halfway, "event"],
    ],
  ] as const)("is not taken back by %s", ([, known, [late, origin]]) => {
    const { store } = createStore();
    store.take(known, "event");
    store.take([late], origin);
    expect(store.get("a")).toEqual(known[0]);
  });

  test("follows a job that is retried", () => {
    const { store } = createStore();
    store.take([done, job({ attempt: 1, updatedAt: at(4) })], "event");
    expect(store.get("a")?.status).toBe("queued");
  });

  test("takes over what changes without an event: a place in line", () => {
    const { store } = createStore();
    store.take([job({ queuePosition: 3 }), job({ queuePosition: 2 })], "event");
    expect(store.get("a")?.queuePosition).toBe(2);
  });

  test("tells of an outcome once, and of none that was over before the page knew the job", () => {
    const { store, outcomes } = createStore();
    store.take([job({ jobId: "old", status: "failed", finishedAt: at(1) })], "answer");
    store.take([started, done, done], "event");
    store.take([{ ...done, jobId: "replayed" }], "event");
    expect(outcomes.map(({ jobId }) => jobId)).toEqual(["a", "replayed"]);
  });

  test("tells of changes once a frame, and of each job those who watch it", () => {
    const { store, frame } = createStore();
    const told: string[] = [];
    store.watch("a", () => told.push("a"));
    store.watch("b", () => told.push("b"));
    store.list.subscribe(() => told.push("list"));
    store.take([job(), started, halfway], "event");
    expect(told).toEqual([]);
    frame();
    expect(told).toEqual(["a", "list"]);
  });

  test("lists the newest first, in the same list until something changes", () => {
    const { store } = createStore();
    store.take([job(), job({ jobId: "b", createdAt: at(9) })], "answer");
    const list = store.list.get();
    expect(list.map(({ jobId }) => jobId)).toEqual(["b", "a"]);
    expect(store.list.get()).toBe(list);
    store.drop("b");
    expect(store.list.get().map(({ jobId }) => jobId)).toEqual(["a"]);
  });

  test("keeps ten thousand jobs in their order, whatever comes and goes", () => {
    const { store } = createStore();
    const random = (below: number): number => Math.floor(Math.random() * below);
    const some = (): Job => {
      const n = random(10_000);
      return job({ jobId: `job-${n}`, createdAt: at(n % 997), updatedAt: at(random(10_000)) });
    };
    for (let i = 0; i < 20_000; i += 1)
      if (random(10) === 0) store.drop(some().jobId);
      else store.take([some()], "event");
    const list = store.list.get();
    const ranks = list.map(({ createdAt, jobId }) => `${createdAt} ${jobId}`);
    expect(ranks.length).toBeGreaterThan(5000);
    expect(ranks).toEqual([...new Set(ranks)].toSorted().toReversed());
    expect(list.every((one) => one === store.get(one.jobId))).toBe(true);
  });

  test("goes on when a listener throws", () => {
    const { store, frame } = createStore();
    const thrown: unknown[] = [];
    const { reportError } = globalThis;
    globalThis.reportError = (error) => thrown.push(error);
    try {
      const told: string[] = [];
      store.list.subscribe(() => {
        throw new Error("of the page");
      });
      store.list.subscribe(() => told.push("second"));
      store.take([job()], "event");
      frame();
      expect(told).toEqual(["second"]);
      expect(String(thrown[0])).toContain("of the page");
    } finally {
      globalThis.reportError = reportError;
    }
  });
});
