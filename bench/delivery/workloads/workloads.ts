import { unicast } from "./unicast.ts";
import type { Workload } from "./workload.ts";

export const workloads: Workload[] = [unicast];
