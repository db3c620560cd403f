import type { JobsTable } from "../db/jobs-table.ts";

/** How far the history may lag and a read still be right, ms. */
export const HISTORY_LAG_MS = 60_000;
/** Of jobs that ended within that time, so many are looked at. */
export const MAX_LATELY_DONE = 5000;
/** So many are read from Redis without asking what the history has of them. */
const FEW = 100;

/**
 * Those of an owner's jobs that ended since `since` (ms since 1970) whose outcome the history may not have yet. What is left out is in whatever the
 * history answers from now on.
 */
export async function notYetInHistory(
  done: string[],
  since: number,
  history: Pick<JobsTable, "notFinishedSince">,
): Promise<string[]> {
  if (done.length <= FEW) return done;
  return await history.notFinishedSince(done, new Date(since));
}
