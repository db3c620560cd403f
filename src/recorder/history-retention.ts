import type { Database } from "../db/database.ts";
import { createBatchesTable } from "../db/batches-table.ts";
import { createIntentsTable } from "../db/intents-table.ts";
import { createJobsTable } from "../db/jobs-table.ts";
import { removeHourly } from "../lib/hourly.ts";
import type { Logger } from "../lib/logger.ts";
import { untilAborted } from "../lib/until-aborted.ts";
import type { Store } from "../storage/store.ts";

const DAY_MS = 86_400_000;
/** Small, so that nobody waits behind a delete. */
const JOBS_PER_DELETE = 500;

export interface RetentionOptions {
  database: Pick<Database, "db">;
  store: Pick<Store, "remove">;
  retentionDays: number;
  log: Logger;
  now: () => number;
  signal: AbortSignal;
}

/** Once an hour removes what is past its time: finished jobs with their files, batches that have no job left, and the answers of calls with a key. Ends when `signal` fires. */
export async function keepRetention(options: RetentionOptions): Promise<void> {
  const { database, log, signal } = options;
  await removeHourly({
    signal,
    log,
    what: "old jobs",
    async remove() {
      const removed = await removeFinished(options);
      await createBatchesTable(database.db).removeEmptyBefore(oldestKept(options));
      await createIntentsTable(database.db).removeOlderThan(DAY_MS);
      return removed;
    },
  });
}

const oldestKept = ({ retentionDays, now }: RetentionOptions): Date =>
  new Date(now() - retentionDays * DAY_MS);

async function removeFinished(options: RetentionOptions): Promise<number> {
  const { database, store, signal } = options;
  const jobs = createJobsTable(database.db);
  const before = oldestKept(options);
  let total = 0;
  for (;;) {
    const old = await jobs.finishedBefore(before, JOBS_PER_DELETE);
    // Files first: what is interrupted is found again by its row.
    for await (const jobId of untilAborted(old, signal)) await store.remove(`jobs/${jobId}/`);
    await jobs.removeMany(old);
    total += old.length;
    if (old.length < JOBS_PER_DELETE) return total;
  }
}
