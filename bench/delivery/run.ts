import { machine } from "./lib/machine.ts";
import { createDatabases } from "./lib/databases.ts";
import { compare, lostByJobcast, toLines } from "./lib/compared.ts";
import { writeDocument } from "./lib/document.ts";
import { printTable, toTable } from "./lib/print.ts";
import { createProcesses, LOAD_CORE, moveTo } from "./lib/processes.ts";
import { createProfiles } from "./lib/profiles.ts";
import { writeResults } from "./lib/results.ts";
import { type Measured, summarise } from "./lib/summary.ts";
import { runWorkload } from "./lib/run-workload.ts";
import { readOptions } from "./options.ts";
import { targets, variants } from "./targets/targets.ts";
import { workloads } from "./workloads/workloads.ts";

/**
 * What it costs to bring events to clients, side by side with what people would use instead.
 * `npm run bench -- [--only unicast,storm] [--targets jobcast,raw+64] [--rates 20000] [--rounds 5] [--quick] [--profile] [--write]`
 */
const options = readOptions(process.argv.slice(2), {
  workloads: workloads.map(({ name }) => name),
  targets: targets.map(({ name }) => name),
  variants,
});
const processes = createProcesses();
const databases = createDatabases();
let isStopping = false;
process.on("SIGINT", stop);
process.on("SIGTERM", stop);
moveTo(LOAD_CORE);

try {
  await main();
} catch (thrown) {
  if (!isStopping) throw thrown;
} finally {
  await close();
}

async function main(): Promise<void> {
  const profiles = createProfiles(options.isProfiled);
  const measured: Measured[] = [];
  for (const workload of workloads.filter(({ name }) => options.workloads.includes(name))) {
    console.log(`\n${workload.title}`);
    // Alternated, so that what the machine does meanwhile meets all of them.
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const variant of options.targets) {
        const { isQuick, rates } = options;
        const job = { workload, variant, isQuick, rates, processes, databases, profiles };
        for (const row of await runWorkload(job)) measured.push({ ...row, round });
      }
    }
    const own = measured.filter((row) => row.workload === workload.name);
    printTable(toTable(summarise(own)));
  }
  console.log("\nAgainst what was aimed at");
  const summary = summarise(measured);
  printTable(toLines(compare(summary)));
  console.log(`Lost by Jobcast in all of it: ${lostByJobcast(summary)}`);
  if (!options.writes) return;
  const setup = machine();
  console.log(`
${await writeResults(options, setup, measured)}`);
  await writeDocument(setup, summary);
}

/** By their own ids, and nothing else. */
function stop(): void {
  if (isStopping) return;
  isStopping = true;
  process.exitCode = 130;
  processes.killAll();
}

async function close(): Promise<void> {
  processes.killAll();
  await databases.close();
}
