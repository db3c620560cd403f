import { describe, expect, test } from "vitest";
import { isRefusal } from "../../../src/redis/refusal.ts";

const inScript = "script: 81c5, on @user_script:52.";

describe("an error of a write lasts", () => {
  test.for([
    `WRONGTYPE Operation against a key holding the wrong kind of value ${inScript}`,
    "ERR Error running script (call to f_81c5): @user_script:52: WRONGTYPE Operation against a key",
    `ERR The ID specified in XADD is equal or smaller than the target stream top item ${inScript}`,
  ])("when Redis refuses what it found: %s", (message) => {
    expect(isRefusal(new Error(message))).toBe(true);
  });
});

describe("an error of a write passes", () => {
  test.for([
    `READONLY You can't write against a read only replica. ${inScript}`,
    "ERR Error running script (call to f_81c5): @user_script: 30: -READONLY You can't write against a read only replica.",
    `OOM command not allowed when used memory > 'maxmemory'. ${inScript}`,
    `MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk. ${inScript}`,
    `NOREPLICAS Not enough good replicas to write. ${inScript}`,
    "LOADING Redis is loading the dataset in memory",
    "BUSY Redis is busy running a script",
    "Command timed out",
    "Connection is closed.",
  ])("when Redis cannot write at all now: %s", (message) => {
    expect(isRefusal(new Error(message))).toBe(false);
  });
});
