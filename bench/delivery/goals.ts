/** What Jobcast has set itself against a peer, as the ratio of its figure to the peer's. */
export interface Goal {
  title: string;
  workload: string;
  case: string;
  figure: string;
  peer: string;
  atMost?: number;
  atLeast?: number;
}

const unicast = { workload: "unicast", peer: "raw" };
const progress = { workload: "progress", peer: "queue-events", figure: "µs with recorder" };
const connections = { workload: "connections", peer: "raw", case: "5000" };

export const goals: Goal[] = [
  {
    ...unicast,
    title: "CPU of the gateway for each delivery, unicast at 20,000/s, µs",
    case: "20000/s",
    figure: "µs/delivery",
    atMost: 0.6,
  },
  { ...unicast, title: "p99 at 20,000/s, ms", case: "20000/s", figure: "p99", atMost: 0.5 },
  {
    ...unicast,
    title: "highest rate with p99 under 50 ms and no loss, events/s",
    case: "sustained",
    figure: "events/s",
    atLeast: 1,
  },
  {
    title: "CPU of the gateway for each delivery, 20 administrators at 10,000 events/s, µs",
    workload: "fire-hose",
    peer: "raw",
    case: "10000/s",
    figure: "µs/delivery",
    atMost: 0.4,
  },
  {
    ...progress,
    title: "`updateProgress` to the client at 5,000/s, one node, µs",
    case: "1 node",
    atMost: 1.2,
  },
  { ...progress, title: "the same with three nodes, µs", case: "3 nodes", atMost: 0.8 },
  {
    ...connections,
    title: "memory of an idle, authenticated connection, KiB",
    figure: "KiB/connection",
    atMost: 1.1,
  },
  {
    ...connections,
    title: "connections accepted a second, tokens verified",
    figure: "connections/s",
    atLeast: 1,
  },
  {
    title: "2,000 sockets back after SIGKILL of their node, replay done, ms",
    workload: "storm",
    peer: "raw",
    case: "killed",
    figure: "back ms",
    atMost: 1.1,
  },
];
