import { describe, expect, test } from "vitest";
import { createKeys, partitionOf } from "../../../src/redis/keys.ts";

describe("the partition of an audience", () => {
  test("is the same for ever: logs of an older version have to be found again", () => {
    const partitions = ["user:42", "all", "group:underwriters", "case:7"] as const;
    expect(partitions.map((audience) => partitionOf(audience, 16))).toEqual([3, 0, 3, 14]);
  });

  test("holds all keys of its audiences in one slot, and other prefixes in none of them", () => {
    const { log, meta, jobs, tail, partition } = createKeys("a");
    const names = [log, meta, jobs].map((key) => key(7, "user:42"));
    for (const name of [...names, tail(7), partition(7)]) expect(name).toMatch(/^a:\{p7\}:/);
  });
});
