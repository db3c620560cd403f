import { pino } from "pino";
import { openDatabase } from "../../src/db/database.ts";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import { entry } from "./jobs.ts";

/** A process that holds the embedded database of a folder, and writes jobs one after the other until it is killed. */
const [dataDir = ""] = process.argv.slice(2);
const database = await openDatabase({ dataDir, log: pino({ level: "silent" }) });
const jobs = createJobsTable(database.db);
for (let written = 1; ; written += 1) {
  await jobs.upsert([entry({ jobId: `job-${written}` })]);
  process.stdout.write(`${written}\n`);
}
