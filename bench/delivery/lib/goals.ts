import { format } from "./print.ts";
import type { Summary } from "./summary.ts";

/** What Jobcast has set itself against a peer; ratios are Jobcast's figure over the peer's. */
interface Goal {
  title: string;
  workload: string;
  case: string;
  figure: string;
  peer: string;
  atMost?: number;
  atLeast?: number;
}

const raw = { peer: "raw" };
const events = { peer: "queue-events" };
const goals: Goal[] = [
  {
    title: "CPU a delivery, unicast at 20,000/s",
    workload: "unicast",
    case: "20000/s",
    figure: "µs/delivery",
    atMost: 0.6,
    ...raw,
  },
  {
    title: "p99 at 20,000/s",
    workload: "unicast",
    case: "20000/s",
    figure: "p99",
    atMost: 0.5,
    ...raw,
  },
  {
    title: "highest rate, p99 < 50 ms, none lost",
    workload: "unicast",
    case: "sustained",
    figure: "events/s",
    atLeast: 1,
    ...raw,
  },
  {
    title: "CPU a delivery, 20 administrators",
    workload: "fire-hose",
    case: "10000/s",
    figure: "µs/delivery",
    atMost: 0.4,
    ...raw,
  },
  {
    title: "CPU of progress, one node",
    workload: "progress",
    case: "1 node",
    figure: "µs with recorder",
    atMost: 1.2,
    ...events,
  },
  {
    title: "CPU of progress, three nodes",
    workload: "progress",
    case: "3 nodes",
    figure: "µs with recorder",
    atMost: 0.8,
    ...events,
  },
  {
    title: "memory of an idle connection",
    workload: "connections",
    case: "5000",
    figure: "KiB/connection",
    atMost: 1.1,
    ...raw,
  },
  {
    title: "connections a second",
    workload: "connections",
    case: "5000",
    figure: "connections/s",
    atLeast: 1,
    ...raw,
  },
  {
    title: "2,000 back after SIGKILL",
    workload: "storm",
    case: "killed",
    figure: "back ms",
    atMost: 1.1,
    ...raw,
  },
];

/** Jobcast as it comes, against a peer as it comes and with its best setting. */
export function printGoals(summary: Summary[]): void {
  const find = (goal: Goal, variant: string) =>
    summary.find(
      (row) => row.workload === goal.workload && row.case === goal.case && row.variant === variant,
    )?.figures[goal.figure];
  for (const goal of goals) {
    const own = find(goal, "jobcast");
    if (own === undefined) continue;
    const peers = [goal.peer, `${goal.peer}+64`].flatMap((variant) => {
      const theirs = find(goal, variant);
      return theirs === undefined
        ? []
        : [`${variant} ${format(theirs)}: ${verdict(goal, own / theirs)}`];
    });
    console.log([goal.title.padEnd(38), `jobcast ${format(own)}`, ...peers].join("  |  "));
  }
  const lost = summary
    .filter(({ variant }) => variant.startsWith("jobcast"))
    .reduce((sum, { figures }) => sum + (figures["lost"] ?? 0), 0);
  console.log(`${"lost by Jobcast in all of the above".padEnd(38)}  |  ${lost}`);
}

function verdict({ atMost, atLeast }: Goal, ratio: number): string {
  const isMet = ratio <= (atMost ?? Infinity) && ratio >= (atLeast ?? 0);
  const limit = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
  return `${ratio.toFixed(2)} x (${limit}${isMet ? "" : ", missed"})`;
}
