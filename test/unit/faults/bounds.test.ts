import { describe, expect, test } from "vitest";
import { findDegraded } from "../../faults/checker/bounds.ts";

describe("the bounds of a round", () => {
  test("sees that others are held up, and that a gateway grows", () => {
    const bounds = { p99Ms: 50, growthBytes: 10 };
    const felt = { latencies: [10, 20, 60], before: [20], memoryBefore: 100, memoryAfter: 111 };
    expect(findDegraded(felt, bounds).map(({ invariant, kind }) => `${invariant} ${kind}`)).toEqual(
      ["I7 slow bystanders", "I7 memory"],
    );
    expect(findDegraded({ ...felt, latencies: [10], memoryAfter: 110 }, bounds)).toEqual([]);
    // The machine is that slow by itself.
    expect(findDegraded({ ...felt, before: [40], memoryAfter: 110 }, bounds)).toEqual([]);
  });
});
