import { setTimeout as delay } from "node:timers/promises";
import { runSteady } from "../lib/steady.ts";
import { connectAll } from "./connect.ts";
import { steadyFigures } from "./figures.ts";
import type { Workload } from "./workload.ts";

const USERS = 1000;
const RATE = 20_000;
const STALL_MS = 6000;
const AT_MS = 1000;

/** A node that does nothing for six seconds, as one that swaps or is moved to another machine, while 20,000 events/s go on. */
export const stall: Workload = {
  name: "stall",
  title: "Stall: the node stopped for 6 s at 20,000 events/s",
  columns: ["sent", "latest ms", "lost", "duplicates"],
  targets: ["jobcast", "raw", "streams", "queue-events", "ws", "nchan"],
  async run({ isQuick, open }) {
    const arena = await open(1);
    await connectAll(arena, { count: USERS });
    const steady = await runSteady(arena, {
      phase: 1,
      rate: isQuick ? 1000 : RATE,
      clients: USERS,
      warmSeconds: 0,
      seconds: isQuick ? 3 : 10,
      async meanwhile() {
        await delay(AT_MS);
        arena.nodes[0]?.signal("SIGSTOP");
        await delay(isQuick ? 1000 : STALL_MS);
        arena.nodes[0]?.signal("SIGCONT");
      },
    });
    const { lost, duplicates, disordered, max, "lag ms": lag = 0 } = steadyFigures(steady);
    const figures = { sent: steady.sent, "latest ms": max ?? 0, "lag ms": lag };
    return [
      {
        case: isQuick ? "1 s" : "6 s",
        figures: {
          ...figures,
          lost: lost ?? 0,
          duplicates: duplicates ?? 0,
          disordered: disordered ?? 0,
        },
      },
    ];
  },
};
