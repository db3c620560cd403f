import { runSteady } from "../lib/steady.ts";
import { steadyFigures } from "./figures.ts";
import type { Workload } from "./workload.ts";

const USERS = 1000;
const RATES = [1000, 5000, 10_000, 20_000, 40_000, 60_000, 80_000];
/** What is slower than this is no delivery in real time. */
export const MAX_P99_MS = 50;

/** One event to one of 1,000 users, at rates that rise until events are late or lost. */
export const unicast: Workload = {
  name: "unicast",
  title: "Unicast, 1,000 users",
  targets: ["jobcast", "raw"],
  async run({ target, isQuick, open, measured }) {
    const arena = await open(1);
    const { dialect } = target;
    const { refused } = await arena.clients.connect({
      dialect,
      ports: arena.ports,
      count: USERS,
      parallel: 50,
    });
    if (refused > 0) throw new Error(`${target.name} refused ${refused} of ${USERS} clients`);
    const rows = [];
    for (const [i, rate] of (isQuick ? [1000, 20_000] : RATES).entries()) {
      const [warmSeconds, seconds] = isQuick ? [0.5, 1.5] : [1, 4];
      const steady = await runSteady(arena, {
        phase: i + 1,
        rate,
        warmSeconds,
        seconds,
        clients: USERS,
        measured,
      });
      rows.push({ case: `${rate}/s`, figures: { rate, ...steadyFigures(steady) } });
      if (steady.lost > 0 || steady.p99 > MAX_P99_MS) break;
    }
    return rows;
  },
};
