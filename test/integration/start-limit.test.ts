import { describe, expect } from "vitest";
import { createKeys } from "../../src/redis/keys.ts";
import { createStartLimit } from "../../workers/start-limit.ts";
import { test as base } from "../support/redis.ts";

const test = base.extend("limit", ({ redis, prefix }) => {
  return (perMinute?: number) =>
    createStartLimit({ redis, keys: createKeys(prefix), type: "probe", perMinute });
});

describe("how often attempts may begin", () => {
  test("is counted over all who ask", async ({ limit }) => {
    const [one, other] = [limit(3), limit(3)];
    expect([await one.take(), await other.take(), await one.take()]).toEqual([0, 0, 0]);
    const waitMs = await other.take();
    expect(waitMs).toBeGreaterThan(30_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
  });

  test("is not limited unless somebody says so", async ({ limit }) => {
    const one = limit();
    for (let i = 0; i < 50; i += 1) expect(await one.take()).toBe(0);
  });

  test("is never while the service rests, for everybody", async ({ limit }) => {
    const [one, other] = [limit(), limit()];
    await one.rest(1500);
    expect(await other.take()).toBeGreaterThan(500);
    await expect.poll(() => other.take()).toBe(0);
  });
});
