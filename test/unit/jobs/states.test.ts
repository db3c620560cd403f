import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { createStates } from "../../../src/jobs/states.ts";
import { caller } from "../../support/jobs-service.ts";
import { record } from "../../support/jobs.ts";

test("a state that neither Redis nor the history can tell fails once, and leaves no failure that nobody awaits", async () => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => void unheard.push(reason);
  process.on("unhandledRejection", hear);
  const fails = (afterTurns: number) => async () => {
    for (let turn = 0; turn < afterTurns; turn += 1) await nextTurn();
    throw new Error("broken");
  };
  for (const [redis, history] of [
    [1, 5],
    [5, 1],
  ] as const) {
    const states = createStates({
      records: { read: async () => ({ record: record({ userId: "42" }), retries: 0 }) },
      snapshots: { read: async () => undefined, sight: fails(redis) },
      history: { find: fails(history) },
      queues: { find: async () => undefined },
      now: Date.now,
    });
    await expect(states.find("job-1", caller({ userId: "42" }))).rejects.toThrow("broken");
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  }
  process.off("unhandledRejection", hear);
  expect(unheard).toEqual([]);
});
