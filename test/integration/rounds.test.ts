import { UnrecoverableError } from "bullmq";
import { describe, expect, vi } from "vitest";
import { NO_ROUND } from "../../src/jobs/rounds.ts";
import { test as base } from "../support/feeds.ts";
import { createLane } from "../support/lane.ts";
import { QUEUE } from "../support/stage.ts";

const test = base.extend("lane", ({ stage }) => createLane(stage));
const WAIT = { timeout: 20_000, interval: 10 };

describe("a lane", () => {
  test("serves its owners in turns, whoever came first", async ({ lane }) => {
    await lane.submit("a", 4);
    await lane.submit("b", 2);
    await lane.submit("c", 1);
    await lane.work();
    await vi.waitFor(() => expect(lane.taken).toHaveLength(7), WAIT);
    expect(lane.taken).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
  });

  test("lets a late comer in at the next round, not before those who wait in it", async ({
    lane,
  }) => {
    const gates: (() => void)[] = [];
    await lane.submit("a", 6);
    await lane.work(() => new Promise<void>((resolve) => void gates.push(resolve)));
    await vi.waitFor(() => expect(lane.taken).toEqual(["a1"]), WAIT);
    gates.shift()?.();
    await vi.waitFor(() => expect(lane.taken).toEqual(["a1", "a2"]), WAIT);
    await lane.submit("b", 2);
    expect(await lane.order()).toEqual(["a3", "b1", "a4", "b2", "a5", "a6"]);
    for (const open of gates) open();
  });

  test("keeps one job of a user from waiting behind another's thousand: two of them for each worker at most", async ({
    lane,
  }) => {
    await Promise.all(Array.from({ length: 20 }, () => lane.submit("a", 50)));
    const started = Promise.withResolvers<number>();
    const run = async (name: string) => {
      if (name === "b1") started.resolve(lane.taken.length);
      await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const workers = 2;
    await lane.work(run, workers);
    await vi.waitFor(() => expect(lane.taken.length).toBeGreaterThan(20), WAIT);
    await lane.submit("b");
    const before = lane.taken.length;
    const at = await started.promise;
    expect(lane.taken.slice(before, at - 1).every((name) => name.startsWith("a"))).toBe(true);
    expect(at - 1 - before).toBeLessThanOrEqual(2 * workers);
  }, 60_000);

  test("forgets an owner whose round was served", async ({ stage, lane }) => {
    await lane.submit("a", 3);
    await lane.submit("b", 1);
    await lane.work();
    await vi.waitFor(() => expect(lane.taken).toHaveLength(4), WAIT);
    await lane.submit("c", 1);
    expect(await stage.redis.zrange(stage.keys.turns(QUEUE), 0, "-1")).toEqual(["user:c"]);
  });
});

describe("a round", () => {
  test("is kept through the pause before another attempt", async ({ lane }) => {
    const failed = new Set<string>();
    await lane.submit("a", 30, { maxAttempts: 3 });
    await lane.work(async (name) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      if (name !== "a2" || failed.has(name)) return;
      failed.add(name);
      throw new Error("again");
    });
    await vi.waitFor(() => expect(failed.size).toBe(1), WAIT);
    const round = await lane.roundOf("a2");
    await vi.waitFor(
      () => expect(lane.taken.filter((name) => name === "a2")).toHaveLength(2),
      WAIT,
    );
    expect(await lane.roundOf("a2")).toBe(round);
    // When its pause was over it went before all that wait in later rounds.
    expect(lane.taken.lastIndexOf("a2")).toBeLessThan(29);
  });

  test("that came back to the head does not let a late comer in too early", async ({
    stage,
    lane,
  }) => {
    await lane.submit("a", 8);
    const worker = await lane.work();
    await vi.waitFor(() => expect(lane.taken).toHaveLength(8), WAIT);
    await worker.pause();
    await lane.submit("a", 3);
    const [first] = await lane.submit("old");
    // As a job of the second round comes back from its pause.
    await stage.redis.zadd(lane.line.prioritized, 2 * 0x100000000, first?.jobId ?? "");
    await stage.redis.hset(`${lane.line.job}${first?.jobId}`, "priority", 2);
    await lane.submit("b", 2);
    expect(await lane.order()).toEqual(["old1", "a9", "b1", "a10", "b2", "a11"]);
  });

  test("is kept by a job whose worker was lost, and counted by nobody twice", async ({
    stage,
    lane,
  }) => {
    await lane.submit("a", 3);
    const options = { lockDuration: 300, stalledInterval: 100, skipLockRenewal: true };
    const lost = await stage.work(() => new Promise(() => undefined), 1, options);
    await vi.waitFor(async () => expect(await stage.redis.llen(lane.line.active)).toBe(1), WAIT);
    const round = await lane.roundOf("a1");
    await lost.close(true);
    await stage.work(() => new Promise(() => undefined), 1, options);
    await vi.waitFor(
      async () =>
        expect(await stage.redis.hget(`${lane.line.job}${lane.idOf("a1")}`, "stc")).toBe("1"),
      WAIT,
    );
    expect(await lane.roundOf("a1")).toBe(round);
  });

  test("is a new one after a retry by hand", async ({ stage, lane }) => {
    const [job] = await lane.submit("a", 1);
    await lane.submit("a", 3);
    if (job === undefined) throw new Error("No job");
    const worker = await lane.work((name) => {
      if (name === "a1") throw new UnrecoverableError("bad");
    });
    await vi.waitFor(() => expect(lane.taken).toHaveLength(4), WAIT);
    await worker.pause();
    await lane.submit("b", 2);
    await lane.submit("a", 1);
    const failed = await stage.queues.find(job);
    if (failed === undefined) throw new Error("The failed job is gone");
    expect(await stage.queues.retry(job, failed, 1)).toBe(true);
    expect(await lane.order()).toEqual(["b1", "a5", "b2", "a1"]);
    // Somebody else was first: it is in line already, and keeps what it has.
    expect(await stage.queues.retry(job, failed, 1)).toBe(false);
    expect(await lane.roundOf("a1")).toBeLessThan(NO_ROUND);
  });

  test("is taken once, however often the job is added", async ({ stage, lane }) => {
    const [job] = await lane.submit("a", 1);
    if (job === undefined) throw new Error("No job");
    await stage.queues.add(job, { runBase: 0, retries: 0 });
    await stage.queues.add(job, { runBase: 0, retries: 0 });
    await lane.submit("a", 1);
    await lane.submit("b", 2);
    expect(await lane.order()).toEqual(["a1", "b1", "a2", "b2"]);
  });

  test("of a delayed job is taken when it is due", async ({ stage, lane }) => {
    stage.recorder();
    await lane.submit("a", 1, { delayMs: 600 });
    expect(await lane.roundOf("a1")).toBe(NO_ROUND);
    const worker = await lane.work();
    await vi.waitFor(() => expect(worker.isRunning()).toBe(true), WAIT);
    await lane.submit("b", 2);
    await vi.waitFor(() => expect(lane.taken).toEqual(["b1", "b2", "a1"]), WAIT);
    await vi.waitFor(async () => expect(await lane.roundOf("a1")).toBe(3), WAIT);
  });

  test("is found by the recorder when the gateway died before it could ask", async ({
    stage,
    lane,
  }) => {
    const [job] = await lane.submit("a", 1);
    if (job === undefined) throw new Error("No job");
    await stage.redis.hset(`${lane.line.job}${job.jobId}`, "priority", NO_ROUND);
    await stage.redis.zadd(lane.line.prioritized, NO_ROUND * 0x100000000, job.jobId);
    stage.recorder();
    await vi.waitFor(async () => expect(await lane.roundOf("a1")).toBe(2), WAIT);
    expect(await stage.redis.zscore(lane.line.prioritized, job.jobId)).toMatch(/^85899/);
  });
});

describe("rounds past the limit", () => {
  test("are moved down, and the order stays, whatever state a job is in", async ({
    stage,
    lane,
  }) => {
    const { redis } = stage;
    await lane.submit("a", 9);
    await lane.submit("b", 4);
    await lane.submit("c", 2);
    const shift = 0x100000000;
    const high = 1_000_000;
    // As if a million rounds had been served, save for those of three jobs that came back late.
    const line = await redis.zrange(lane.line.prioritized, 0, "-1", "WITHSCORES");
    const old = new Set(["a1", "b1", "a2"].map(lane.idOf));
    for (let i = 0; i < line.length; i += 2) {
      const [id = "", score = ""] = line.slice(i, i + 2);
      if (old.has(id)) continue;
      const round = Math.floor(Number(score) / shift) + high;
      await redis.zadd(lane.line.prioritized, Number(score) + high * shift, id);
      await redis.hset(`${lane.line.job}${id}`, "priority", round);
    }
    for (const owner of ["a", "b", "c"]) {
      await redis.zincrby(stage.keys.turns(QUEUE), high, `user:${owner}`);
    }
    await redis.hset(stage.keys.rounds(QUEUE), "served", high, "top", high + 9);
    // One in each state that a job comes back from.
    const moved = { wait: lane.idOf("b2"), active: lane.idOf("a4"), delayed: lane.idOf("b3") };
    await redis.zrem(lane.line.prioritized, ...Object.values(moved));
    await redis.lpush(lane.line.wait, moved.wait);
    await redis.lpush(lane.line.active, moved.active);
    await redis.zadd(lane.line.delayed, (Date.now() + 3_600_000) * 4096, moved.delayed);

    const all = [
      "a1",
      "a2",
      "a3",
      "a4",
      "a5",
      "a6",
      "a7",
      "a8",
      "a9",
      "b1",
      "b2",
      "b3",
      "b4",
      "c1",
      "c2",
    ];
    const ranked = async () => {
      const rounds = await Promise.all(
        all.map(async (name) => ({ name, round: await lane.roundOf(name) })),
      );
      return rounds.toSorted((x, y) => x.round - y.round || x.name.localeCompare(y.name));
    };
    const before = await lane.order();
    const places = (await ranked()).map(({ name }) => name);
    expect(Math.max(...(await ranked()).map(({ round }) => round))).toBeGreaterThan(high);

    await lane.rounds(high).take(QUEUE, [{ jobId: lane.idOf("c2"), owner: "user:c" }]);

    expect(await lane.order()).toEqual(before);
    const after = await ranked();
    expect(after.map(({ name }) => name)).toEqual(places);
    expect(Math.max(...after.map(({ round }) => round))).toBeLessThan(20);
    expect(Math.min(...after.map(({ round }) => round))).toBe(1);
    for (const { name, round } of after) {
      const score = await redis.zscore(lane.line.prioritized, lane.idOf(name));
      if (score !== null) expect(Math.floor(Number(score) / shift)).toBe(round);
    }
    // Whoever comes next goes on where their turn was.
    await lane.submit("c", 1);
    await lane.submit("d", 1);
    const order = await lane.order();
    expect(order.indexOf("d1")).toBeLessThan(order.indexOf("c3"));
    expect(await lane.roundOf("c3")).toBe((await lane.roundOf("c2")) + 1);
  });
});
