import { connections } from "./connections.ts";
import { fanOut, fireHose } from "./fan-out.ts";
import { progress } from "./progress.ts";
import { stall } from "./stall.ts";
import { storm } from "./storms.ts";
import { unicast } from "./unicast.ts";
import type { Workload } from "./workload.ts";

export const workloads: Workload[] = [
  unicast,
  fanOut,
  fireHose,
  progress,
  connections,
  storm,
  stall,
];
