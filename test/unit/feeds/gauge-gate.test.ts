import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createGaugeGate } from "../../../src/feeds/gauge-gate.ts";
import { audience } from "../../support/rooms.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp() {
  const passed: { jobId: string; data: string; at: number }[] = [];
  const gate = createGaugeGate(({ jobId, data }) => passed.push({ jobId, data, at: Date.now() }));
  const offer = (jobId: string, data: string) =>
    gate.offer({ kind: "gauge", audience, event: "job-progress", jobId, data, tailId: "1-0" });
  return { gate, passed, offer };
}

describe("the gate of gauges", () => {
  test("lets at most ten a second of a job through, and the last one always", () => {
    const { passed, offer } = setUp();
    offer("other", "0");
    vi.advanceTimersByTime(90);
    for (let n = 1; n <= 300; n += 1) {
      offer("a", `${n}`);
      vi.advanceTimersByTime(7);
    }
    vi.advanceTimersByTime(1000);
    const ofJob = passed.filter(({ jobId }) => jobId === "a");
    expect(ofJob.at(-1)?.data).toBe("300");
    for (const { at } of ofJob)
      expect(ofJob.filter((one) => one.at >= at && one.at < at + 1000).length).toBeLessThanOrEqual(
        10,
      );
    expect(ofJob.length).toBeGreaterThan(15);
  });

  test("holds each job by itself", () => {
    const { passed, offer } = setUp();
    for (const jobId of ["a", "b", "a", "b"]) offer(jobId, "1");
    expect(passed.map(({ jobId }) => jobId)).toEqual(["a", "b"]);
  });

  test("lets nothing through that a fact has made old, and what comes after it no sooner", () => {
    const { gate, passed, offer } = setUp();
    offer("a", "1");
    offer("a", "2");
    gate.drop("a");
    offer("a", "3");
    expect(passed.map(({ data }) => data)).toEqual(["1"]);
    vi.advanceTimersByTime(100);
    expect(passed.map(({ data }) => data)).toEqual(["1", "3"]);
  });

  test("comes to rest, and leaves no timer behind when it is cleared", () => {
    const { gate, passed, offer } = setUp();
    offer("a", "1");
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
    offer("a", "2");
    offer("a", "3");
    gate.clear();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(passed.map(({ data }) => data)).toEqual(["1", "2"]);
  });
});
