import { runSteady, type Steady } from "../lib/steady.ts";
import { connectAll } from "./connect.ts";
import { steadyFigures } from "./figures.ts";
import type { Row, Workload } from "./workload.ts";

/** Each has one job in hand: at this rate it tells of five steps a second: a node that is in time tells all of them. */
const USERS = 1000;
const RATE = 5000;

/** From a worker's `updateProgress` to its owner's socket: CPU of all that is between Redis and the clients, the recorder included. */
export const progress: Workload = {
  name: "progress",
  title: "updateProgress to the client: 1,000 jobs, 5,000/s",
  columns: [
    "µs with recorder",
    "µs/delivery",
    "p50",
    "p99",
    "lost",
    "skipped",
    "node %",
    "recorder %",
    "redis %",
  ],
  targets: ["jobcast", "queue-events"],
  async run({ target, isQuick, rates = [isQuick ? 1000 : RATE], open, measured }) {
    const rows: Row[] = [];
    for (const nodes of [1, 3]) {
      const arena = await open(nodes, target.jobs);
      await connectAll(arena, { count: USERS });
      const steady = await runSteady(arena, {
        phase: 1,
        rate: rates[0] ?? RATE,
        clients: USERS,
        ...(isQuick ? { warmSeconds: 0.3, seconds: 1 } : { warmSeconds: 2, seconds: 6 }),
        measured,
      });
      rows.push({ case: `${nodes} node${nodes > 1 ? "s" : ""}`, figures: withRecorder(steady) });
      await arena.close();
    }
    return rows;
  },
};

/** A recorder does once for all nodes what each of them would have to do. */
const withRecorder = (steady: Steady): Record<string, number> => ({
  "µs with recorder": steady.cpuPerDelivery + steady.helpersPerDelivery,
  ...steadyFigures(steady),
  // Of a job's progress only the newest counts: a node that is late tells that.
  lost: steady.lost - steady.skipped,
  skipped: steady.skipped,
});
