import { describe, expect } from "vitest";
import { isBehind } from "../../src/recorder/reread.ts";
import { test } from "../support/feeds.ts";
import { QUEUE } from "../support/stage.ts";

const LATE_MS = 60_000;

describe("the reader of a queue", () => {
  test.for([
    ["is late when what it has not read is old", 2 * LATE_MS, true],
    ["is not late when it was silent for long, and something came just now", 0, false],
  ] as const)("%s", async ([, age, isLate], { stage }) => {
    const { redis, keys } = stage;
    await redis.set(keys.place(QUEUE), "1000-0");
    expect(await isBehind(redis, keys, QUEUE, LATE_MS)).toBe(false);
    await redis.xadd(keys.events(QUEUE), `${Date.now() - age}-0`, "event", "added", "jobId", "a");
    expect(await isBehind(redis, keys, QUEUE, LATE_MS)).toBe(isLate);
  });
});
