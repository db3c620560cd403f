import { readFile, writeFile } from "node:fs/promises";
import { workloads } from "../workloads/workloads.ts";
import { compare, lostByJobcast, toLines } from "./compared.ts";
import type { Machine } from "./machine.ts";
import { toMarkdown, toTable } from "./print.ts";
import type { Summary } from "./summary.ts";

const FILE = new URL("../../../docs/performance.md", import.meta.url);
const [BEGIN, END] = [
  "<!-- results: written by `npm run bench -- --write` -->",
  "<!-- end of results -->",
];

/** Puts the tables of a run in the place of those of the one before. */
export async function writeDocument(setup: Machine, summary: Summary[]): Promise<void> {
  const text = await readFile(FILE, "utf8");
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined)
    throw new Error("docs/performance.md has no place for results");
  const parts = [BEGIN, toSetup(setup), toGoals(summary), ...toWorkloads(summary), END];
  await writeFile(FILE, before + parts.join("\n\n") + after);
}

const toSetup = ({ node, redis, cpu, cores, kernel, commit, packages }: Machine): string =>
  `Node ${node}, Redis ${redis}, ${cores} cores of ${cpu}, Linux ${kernel}, commit ${commit}; ` +
  Object.entries(packages)
    .map(([name, version]) => `${name} ${String(version)}`)
    .join(", ");

const toGoals = (summary: Summary[]): string =>
  `${toMarkdown(toLines(compare(summary)))}\n\nEvents lost by Jobcast in all of it: ${lostByJobcast(summary)}.`;

function toWorkloads(summary: Summary[]): string[] {
  return workloads.flatMap(({ name, title, columns }) => {
    const rows = summary.filter(({ workload }) => workload === name);
    return rows.length === 0 ? [] : [`### ${title}`, toMarkdown(toTable(rows, columns))];
  });
}
