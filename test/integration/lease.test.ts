import { once } from "node:events";
import type { Redis } from "ioredis";
import { describe, expect, vi } from "vitest";
import { beat } from "../../src/recorder/heartbeat.ts";
import { FencedError, holdLease, type Lease, type LeaseOptions } from "../../src/recorder/lease.ts";
import { openRedis } from "../../src/redis/connect.ts";
import { loadScript } from "../../src/redis/script.ts";
import { test as base } from "../support/feeds.ts";
import { fearless, leaseOf, PARTITIONS, silent } from "../support/stage.ts";
import { openGate } from "../support/tcp-gate.ts";

const source = "queue";
const acquire = loadScript("acquire-lease");

/** Competes for the lease until the test is over; the leases that it got are in `leases`. */
const test = base.extend("compete", async ({ stage }, { onCleanup }) => {
  const over = new AbortController();
  const competing: Promise<void>[] = [];
  const links: Pick<Redis, "disconnect">[] = [];
  onCleanup(async () => {
    over.abort();
    // A link that hangs would keep what was asked of it, and with it the test.
    for (const link of links) link.disconnect();
    await Promise.all(competing);
  });
  return (options: Partial<LeaseOptions> = {}) => {
    const leases: Lease[] = [];
    if (options.redis !== undefined) links.push(options.redis);
    const held = holdLease({
      redis: stage.redis,
      keys: stage.keys,
      source,
      holder: "me",
      log: silent,
      signal: over.signal,
      ttlMs: 500,
      ...options,
      async work(lease) {
        leases.push(lease);
        await options.work?.(lease);
        if (!lease.signal.aborted) await once(lease.signal, "abort");
      },
    });
    competing.push(held);
    return {
      leases,
      async leave() {
        over.abort();
        await held;
      },
    };
  };
});

const isTaken = (leases: Lease[], count = 1) =>
  vi.waitFor(() => expect(leases.length).toBeGreaterThanOrEqual(count));

describe("a lease", () => {
  test("is one holder's at a time, and each has a higher fence than the one before", async ({
    stage,
  }) => {
    const { redis, keys } = stage;
    const ask = (holder: string) =>
      acquire.run(redis, [keys.lease(source), keys.fence(source)], [holder, 60_000, 0]);
    expect([await ask("first"), await ask("second"), await ask("first")]).toEqual([1, 0, 1]);
    await redis.del(keys.lease(source));
    expect([await ask("second"), await ask("first")]).toEqual([2, 0]);
  });

  test("whose work was refused comes back with a higher fence, whatever the count says", async ({
    compete,
  }) => {
    const { leases } = compete({
      async work() {
        if (leases.length === 1) throw new FencedError(41);
      },
    });
    await isTaken(leases, 2);
    expect(leases.map(({ fence }) => fence)).toEqual([1, 42]);
  });

  test("is given back by nobody but its holder", async ({ stage, compete }) => {
    const { redis, keys } = stage;
    const { leases, leave } = compete({ ttlMs: 60_000 });
    await isTaken(leases);
    await redis.hset(keys.lease(source), "holder", "successor");
    await leave();
    expect(await redis.hget(keys.lease(source), "holder")).toBe("successor");
  });

  test("is over for whoever cannot renew it, before another can have it", async ({
    stage,
    compete,
    onTestFinished,
  }) => {
    const gate = await openGate(Number(new URL(stage.url).port));
    onTestFinished(gate.close);
    const redis = openRedis(`redis://127.0.0.1:${gate.port}`, "test-gated");
    redis.on("error", () => undefined);
    const { leases } = compete({ ttlMs: 4000, redis });
    await isTaken(leases);
    gate.freeze();
    await vi.waitFor(() => expect(leases[0]?.signal.aborted).toBe(true));
    expect(await stage.redis.hget(stage.keys.lease(source), "holder")).toBe("me");
  });

  test("is competed for again over a link that has swallowed what was asked", async ({
    stage,
    compete,
    onTestFinished,
  }) => {
    const gate = await openGate(Number(new URL(stage.url).port));
    onTestFinished(gate.close);
    const redis = openRedis(`redis://127.0.0.1:${gate.port}`, "test-gated");
    redis.on("error", () => undefined);
    const { leases } = compete({ redis });
    await isTaken(leases);
    gate.freeze();
    await vi.waitFor(() => expect(leases[0]?.signal.aborted).toBe(true));
    gate.open();
    await isTaken(leases, 2);
  });

  test("that is another's by now is given up at the next renewal", async ({ stage, compete }) => {
    const { leases } = compete({ ttlMs: 5000 });
    await isTaken(leases);
    await stage.redis.hset(stage.keys.lease(source), "holder", "successor");
    // By its clock alone the holder would go on for four seconds.
    await vi.waitFor(() => expect(leases[0]?.signal.aborted).toBe(true));
  });
});

describe("a fence", () => {
  test("holds against another holder of the same number, in a heartbeat as well", async ({
    stage,
  }) => {
    const deps = { ...stage, partitions: PARTITIONS, continuity: fearless };
    await beat(leaseOf("keeper"), deps);
    const double = { ...leaseOf("keeper"), holder: "double" };
    await expect(beat(double, deps)).rejects.toMatchObject({ name: "FencedError", fence: 1 });
    await beat(leaseOf("keeper"), deps);
  });
});
