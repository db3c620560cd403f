import { setTimeout as delay } from "node:timers/promises";
import { createOutlook } from "../src/jobs/outlook.ts";
import { createRunTimes } from "../src/jobs/run-times.ts";
import { toSnapshot } from "../src/jobs/snapshot.ts";
import { createLane } from "../test/support/lane.ts";
import { startRedisServer } from "../test/support/redis-server.ts";
import { register } from "../test/support/registered.ts";
import { openStage, QUEUE, silent } from "../test/support/stage.ts";

/**
 * How far estimates are off once 30 jobs of a kind have run, and how long one user's job waits among another's thousand; beside it what
 * a line without rounds would do. `node bench/lanes.ts`
 */
const SLOTS = 4;
const WARM_UP = 30;
const JOBS = 60;
const MEAN_MS = 400;

const server = await startRedisServer();
try {
  console.log(
    `Estimates: ${JOBS} jobs after ${WARM_UP}, ${SLOTS} slots, ${MEAN_MS} ms give or take a third`,
  );
  console.table(await estimates());
  console.log("One job of b among 1,000 of a: jobs that were taken before it, for each worker");
  console.table(await fairness());
} finally {
  await server.stop();
}

async function estimates() {
  const stage = openStage(server.url, "estimates");
  try {
    const lane = createLane(stage);
    const errors: number[] = [];
    stage.recorder({ onEstimate: (_queue, error) => errors.push(error) });
    const endedAt = new Map<string, number>();
    const worker = await lane.work(async (name) => {
      await delay(MEAN_MS * (2 / 3 + (Math.random() * 2) / 3));
      endedAt.set(name, Date.now());
    }, SLOTS);
    await register(stage, worker);
    await lane.submit("w", WARM_UP);
    while (endedAt.size < WARM_UP) await delay(20);
    const runTimes = createRunTimes(stage);
    while ((await runTimes.durations(QUEUE)).all === undefined) await delay(20);
    await delay(500);
    errors.length = 0;
    const jobs = await lane.submit("a", JOBS);
    await register(stage, worker);
    const outlook = createOutlook({ redis: stage.redis, keys: stage.keys, log: silent });
    const since = Date.now();
    const shown = await outlook.show(jobs.map((job) => toSnapshot(job).job));
    while (endedAt.size < WARM_UP + JOBS) await delay(20);
    await delay(500);
    const off = shown.flatMap(({ jobId, estimatedTime }) => {
      const seconds = ((endedAt.get(lane.nameOf(jobId)) ?? 0) - since) / 1000;
      return estimatedTime === null || seconds <= 0
        ? []
        : [Math.abs(estimatedTime - seconds) / seconds];
    });
    return { "while waiting": toRow(off), "at the start": toRow(errors) };
  } finally {
    await stage.close();
  }
}

function toRow(errors: number[]) {
  const sorted = errors.toSorted((a, b) => a - b);
  const at = (share: number) =>
    `${(100 * (sorted[Math.floor(share * (sorted.length - 1))] ?? 0)).toFixed(1)} %`;
  return { jobs: errors.length, "median error": at(0.5), "90th percentile": at(0.9) };
}

async function fairness() {
  const rows: Record<string, object> = {};
  for (const slots of [1, 2, 4]) {
    const stage = openStage(server.url, `fairness-${slots}`);
    try {
      const lane = createLane(stage);
      await Promise.all(Array.from({ length: 20 }, () => lane.submit("a", 50)));
      const first = Promise.withResolvers<number>();
      await lane.work(async (name) => {
        if (name === "b1") first.resolve(lane.taken.length - 1);
        await delay(20);
      }, slots);
      while (lane.taken.length < 20) await delay(5);
      await lane.submit("b");
      const before = lane.taken.length;
      const waiting = await stage.redis.zcard(lane.line.prioritized);
      const taken = Math.max(0, (await first.promise) - before);
      rows[`${slots} workers`] = { rounds: taken / slots, "one line": waiting / slots };
    } finally {
      await stage.close();
    }
  }
  return rows;
}
