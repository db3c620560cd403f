import type { Database } from "../db/database.ts";
import { createIntentsTable } from "../db/intents-table.ts";
import { createJobsTable } from "../db/jobs-table.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Small, so that nobody waits behind a delete. */
const JOBS_PER_DELETE = 500;

export interface RetentionOptions {
  database: Pick<Database, "db">;
  retentionDays: number;
  log: Logger;
  now: () => number;
  signal: AbortSignal;
}

/** Once an hour removes what is past its time: finished jobs, and the answers of calls with a key. Ends when `signal` fires. */
export async function keepRetention({
  database,
  retentionDays,
  log,
  now,
  signal,
}: RetentionOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      const removed = await removeFinished(
        database,
        new Date(now() - retentionDays * DAY_MS),
        signal,
      );
      await createIntentsTable(database.db).removeOlderThan(DAY_MS);
      if (removed > 0) log.info({ removed }, "old jobs removed");
    } catch (err) {
      if (!signal.aborted) log.warn({ err }, "old jobs stay for another hour");
    }
    await sleep(HOUR_MS, signal);
  }
}

async function removeFinished(
  { db }: Pick<Database, "db">,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let total = 0;
  for (;;) {
    const removed = await createJobsTable(db).removeFinishedBefore(before, JOBS_PER_DELETE);
    total += removed;
    if (removed < JOBS_PER_DELETE || signal.aborted) return total;
  }
}
