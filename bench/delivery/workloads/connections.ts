import { setTimeout as delay } from "node:timers/promises";
import { nowUs } from "../lib/clock.ts";
import { rssKiB } from "../lib/processes.ts";
import type { Workload } from "./workload.ts";

/** Before anything is counted: what the first connections load stays loaded. */
const FIRST = 200;
/** So many are being made at a time. */
const PARALLEL = 200;
/** For what was needed while they came to be given back. */
const SETTLE_MS = 3000;

/** Connections made as fast as the node takes them, tokens verified, and what each takes of its memory when nothing happens. */
export const connections: Workload = {
  name: "connections",
  title: "Connections: made as fast as they are taken, then idle; one node",
  columns: ["connections/s", "CPU ms/connection", "KiB/connection", "idle %", "refused"],
  targets: ["jobcast", "raw", "streams", "queue-events", "ws", "nchan"],
  async run({ target: { dialect }, isQuick, open, measured }) {
    const count = isQuick ? 500 : 5000;
    const arena = await open(1);
    const { ports, clients, nodes } = arena;
    const request = { dialect, ports, parallel: PARALLEL };
    const memory = () => nodes.reduce((sum, { pid }) => sum + rssKiB(pid), 0);
    await clients.connect({ ...request, count: FIRST });
    await delay(isQuick ? 100 : SETTLE_MS);
    const [cpuBefore, memoryBefore] = [arena.cpu(), memory()];
    const sinceUs = nowUs();
    const { ms, refused } = await clients.connect({ ...request, count });
    const cpuAfter = arena.cpu();
    measured(sinceUs, nowUs());
    await delay(isQuick ? 100 : SETTLE_MS);
    const idleSince = arena.cpu();
    await delay(isQuick ? 500 : SETTLE_MS);
    const idleMs = arena.cpu().nodes - idleSince.nodes;
    return [
      {
        case: `${count}`,
        figures: {
          "connections/s": (count / ms) * 1000,
          "CPU ms/connection": (cpuAfter.nodes - cpuBefore.nodes) / count,
          "KiB/connection": (memory() - memoryBefore) / count,
          "idle %": (idleMs / (isQuick ? 500 : SETTLE_MS)) * 100,
          refused,
        },
      },
    ];
  },
};
