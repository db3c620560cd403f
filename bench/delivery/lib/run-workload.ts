import { toVariant } from "../options.ts";
import { targets } from "../targets/targets.ts";
import type { Workload } from "../workloads/workload.ts";
import { type Arena, openArena } from "./arena.ts";
import type { Databases } from "./databases.ts";
import type { Processes } from "./processes.ts";
import type { Profiles } from "./profiles.ts";
import type { Measured } from "./summary.ts";

interface Job {
  workload: Workload;
  variant: string;
  isQuick: boolean;
  rates?: number[] | undefined;
  processes: Processes;
  databases: Databases;
  profiles: Profiles;
}

/** Runs a workload once on one target; nothing where it makes no sense for it. */
export async function runWorkload(job: Job): Promise<Omit<Measured, "round">[]> {
  const { workload, variant, isQuick, rates, processes, databases, profiles } = job;
  const { name, flags } = toVariant(variant);
  const target = targets.find((one) => one.name === name);
  if (target === undefined || !workload.targets.includes(name)) return [];
  const opened: Arena[] = [];
  const profile = await profiles.begin(`${workload.name} ${variant}`);
  try {
    const rows = await workload.run({
      target,
      isQuick,
      rates,
      measured: profile.measured,
      report: (text) => console.log(`${variant}: ${text}`),
      async open(nodes, source = target.source) {
        const { nodes: more, helpers: helperFlags } = profile.flags;
        const all = { flags: [...flags, ...more], helperFlags };
        const arena = await openArena({ target, ...all, nodes, source, processes, databases });
        opened.push(arena);
        return arena;
      },
    });
    return rows.map((row) => ({ workload: workload.name, variant, ...row }));
  } finally {
    for (const arena of opened) await arena.close();
    await profile.print();
  }
}
