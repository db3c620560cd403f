import { setTimeout as delay } from "node:timers/promises";
import type { Arena } from "../lib/arena.ts";
import { nowUs } from "../lib/clock.ts";
import { runSteady } from "../lib/steady.ts";
import { connectAll } from "./connect.ts";
import type { Row, Workload, WorkloadContext } from "./workload.ts";

const RATE = 200;
const AWAY_MS = 2000;
const BACK_TIMEOUT_MS = 60_000;
const AT_MS = 1000;
const SECONDS = 8;

/** Everybody comes back at once, while events go on: what was said meanwhile has to be told as well. */
export const storm: Workload = {
  name: "storm",
  title:
    "Storms: 2,000 sockets cut off for 2 s, or their node killed (they go to another); 200 events/s",
  columns: ["back ms", "latest ms", "lost", "duplicates", "refused"],
  targets: ["jobcast", "raw", "streams", "queue-events", "ws", "nchan"],
  async run(context) {
    const count = context.isQuick ? 200 : 2000;
    const dropped = await drop(context, count);
    return context.target.maxNodes === 1 ? [dropped] : [dropped, await crash(context, count)];
  },
};

const drop: Storm = async ({ open, isQuick, measured }, count) => {
  const arena = await open(1);
  await connectAll(arena, { count, keepsCursors: true });
  return during(arena, { name: "cut off", count, isQuick, measured }, async () => {
    const { ms, refused } = await arena.clients.drop({ awayMs: isQuick ? 500 : AWAY_MS });
    return { "back ms": ms, refused };
  });
};

const crash: Storm = async ({ open, isQuick, measured }, count) => {
  const arena = await open(2);
  await connectAll(arena, { count, keepsCursors: true, isOnFirst: true });
  await arena.clients.follow(null);
  return during(arena, { name: "killed", count, isQuick, measured }, async () => {
    const sinceUs = nowUs();
    arena.nodes[0]?.signal("SIGKILL");
    const { ms, refused } = await arena.clients.awaitBack({
      count,
      sinceUs,
      timeoutMs: BACK_TIMEOUT_MS,
    });
    return { "back ms": ms, refused };
  });
};

type Storm = (
  context: Pick<WorkloadContext, "open" | "isQuick" | "measured">,
  count: number,
) => Promise<Row>;

async function during(
  arena: Arena,
  {
    name,
    count,
    isQuick,
    measured,
  }: Pick<WorkloadContext, "isQuick" | "measured"> & { name: string; count: number },
  happen: () => Promise<Record<string, number>>,
): Promise<Row> {
  let figures: Record<string, number> = {};
  const { lost, duplicates, disordered, max } = await runSteady(arena, {
    phase: 1,
    rate: RATE,
    clients: count,
    measured,
    warmSeconds: 0,
    seconds: isQuick ? 3 : SECONDS,
    async meanwhile() {
      await delay(AT_MS);
      figures = await happen();
    },
  });
  await arena.close();
  return { case: name, figures: { ...figures, "latest ms": max, lost, duplicates, disordered } };
}
