import { describe, expect, test } from "vitest";
import { createLoad } from "../faults/load/load.ts";
import { createDice } from "../faults/seed.ts";
import { freePort } from "../support/free-port.ts";

describe("jobs that a fault waits for", () => {
  test("are not waited for without end when nobody accepts them", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const token = () => ({ text: "", goodUntil: 0 });
    const users = [{ userId: "ada", isPremium: false, token, devices: [] }];
    const rest = { jobsPerSecond: 1, dice: createDice(1), patienceMs: 100 };
    const load = await createLoad({ url, users, ...rest });
    await expect(load.sendLong(2)).rejects.toThrow("2 of 2 jobs have no answer");
    expect(load.unanswered()).toBe(2);
    load.close();
  });
});
