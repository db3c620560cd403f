import { runSteady } from "../lib/steady.ts";
import { connectAll } from "./connect.ts";
import { steadyFigures } from "./figures.ts";
import type { Row, Workload } from "./workload.ts";

const GROUP = "crowd";
const TARGETS = ["jobcast", "raw", "streams", "queue-events", "ws", "nchan"];

interface Crowd {
  name: string;
  title: string;
  sockets: number;
  rates: number[];
}

/** Each event to every socket of a group. */
const toCrowd = ({ name, title, sockets, rates: usual }: Crowd): Workload => ({
  name,
  title,
  columns: ["µs/delivery", "p50", "p99", "p99.9", "lost", "node %"],
  targets: TARGETS,
  async run({ isQuick, rates = usual, open, measured }) {
    const arena = await open(1);
    await connectAll(arena, { count: sockets, group: GROUP });
    const rows: Row[] = [];
    for (const [phase, rate] of rates.entries()) {
      const times = isQuick ? { warmSeconds: 0.3, seconds: 1 } : { warmSeconds: 1, seconds: 4 };
      const request = {
        phase: phase + 1,
        rate,
        clients: sockets,
        group: GROUP,
        ...times,
        measured,
      };
      const steady = await runSteady(arena, request);
      rows.push({ case: `${rate}/s`, figures: steadyFigures(steady) });
    }
    return rows;
  },
});

export const fanOut = toCrowd({
  name: "fan-out",
  title: "Fan-out: each event to 1,000 sockets, one node",
  sockets: 1000,
  rates: [20, 100],
});

/** Jobcast has no subscription to all users' jobs yet: a group that 20 sockets are in stands for it. */
export const fireHose = toCrowd({
  name: "fire-hose",
  title: "Fire hose: 20 administrators watch every event, one node",
  sockets: 20,
  rates: [10_000],
});
