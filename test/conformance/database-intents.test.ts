import { randomUUID } from "node:crypto";
import { describe, expect } from "vitest";
import { createIntentsTable } from "../../src/db/intents-table.ts";
import { engines } from "../support/databases.ts";

describe.for(["postgres", "pglite"] as const)("the intents of a database on %s", (engine) => {
  const onEither = engines[engine].extend("intents", ({ database }) =>
    createIntentsTable(database.db),
  );

  onEither("gives a key to exactly one of many calls", async ({ intents }) => {
    const key = randomUUID();
    const call = {
      caller: "42",
      route: "POST /api/jobs",
      key,
      bodyHash: "h",
      jobIds: ["a", 'b"{,'],
      payload: { x: [1] },
    };
    const begun = await Promise.all(Array.from({ length: 8 }, () => intents.begin(call)));
    expect(begun.filter(({ kind }) => kind === "new")).toHaveLength(1);
    expect(begun.filter(({ kind }) => kind === "pending")).toHaveLength(7);
    expect(new Set(begun.map(({ row }) => row.id)).size).toBe(1);
    expect(begun[0]?.row).toMatchObject({ ...call, answer: null });
    expect((await intents.begin({ ...call, caller: "43" })).kind).toBe("new");
    expect((await intents.begin({ ...call, route: "POST /api/batches" })).kind).toBe("new");
  });

  onEither(
    "keeps the answer of a call that is done, and forgets one that was abandoned",
    async ({ intents }) => {
      const call = { caller: "42", route: "r", bodyHash: "h", jobIds: [], payload: null };
      const done = await intents.begin({ ...call, key: randomUUID() });
      await intents.finish(done.row.id, { jobId: "a" });
      await intents.abandon(done.row.id);
      expect(await intents.begin({ ...call, key: done.row.key })).toMatchObject({
        kind: "done",
        row: { answer: { jobId: "a" } },
      });

      const refused = await intents.begin({ ...call, key: randomUUID() });
      await intents.abandon(refused.row.id);
      expect((await intents.begin({ ...call, key: refused.row.key })).kind).toBe("new");
    },
  );

  onEither(
    "gives a pending call to one of those who want it in hand, until that one lets go",
    async ({ intents }) => {
      const call = { caller: randomUUID(), route: "r", bodyHash: "h", jobIds: [], payload: null };
      const { row: seen } = await intents.begin({ ...call, key: "key" });
      const answers = await Promise.all([intents.hold(seen), intents.hold(seen)]);
      const [held = seen, ...others] = answers.filter((answer) => answer !== undefined);
      expect(others).toEqual([]);
      await intents.release(seen);
      expect(await intents.hold(seen)).toBeUndefined();
      const { row: stillHeld } = await intents.begin({ ...call, key: "key" });
      expect(stillHeld).toEqual(held);

      await intents.release(held);
      const { row: free } = await intents.begin({ ...call, key: "key" });
      expect(free.updatedAt.getTime()).toBe(0);
      expect(await intents.hold(free)).toBeDefined();
    },
  );

  onEither("finds what was left pending and removes what is old", async ({ intents }) => {
    const call = { caller: randomUUID(), route: "r", bodyHash: "h", jobIds: [], payload: null };
    const pending = await intents.begin({ ...call, key: "pending" });
    const done = await intents.begin({ ...call, key: "done" });
    await intents.finish(done.row.id, null);
    const found = async (ms: number) =>
      (await intents.pendingOlderThan(ms)).filter(({ caller }) => caller === call.caller);
    expect(await found(60_000)).toEqual([]);
    expect((await found(-60_000)).map(({ id }) => id)).toEqual([pending.row.id]);

    await intents.removeOlderThan(60_000);
    expect((await intents.begin({ ...call, key: "done" })).kind).toBe("done");
    await intents.removeOlderThan(-60_000);
    expect((await intents.begin({ ...call, key: "done" })).kind).toBe("new");
    expect((await intents.begin({ ...call, key: "pending" })).kind).toBe("pending");
  });
});
