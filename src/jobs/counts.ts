import type { Cursor } from "../contract/cursor.ts";
import type { JobCounts } from "../contract/http.ts";
import { isFinal, JOB_STATUSES } from "../contract/job.ts";
import { userAudience } from "../contract/names.ts";
import type { Caller } from "../contract/tokens.ts";
import type { JobsTable } from "../db/jobs-table.ts";
import { requireFullToken } from "./access.ts";
import { HISTORY_LAG_MS, MAX_LATELY_DONE, notYetInHistory } from "./history-lag.ts";
import { type LiveJobsDeps, readLive, surveyJobs } from "./live-jobs.ts";

const MAX_OPEN = 5000;

export interface CountsDeps extends LiveJobsDeps {
  history: Pick<JobsTable, "counts" | "notFinishedSince">;
}

/**
 * Own jobs by type and status: as Redis has them, if open or ended lately, and the outcomes of the others from the history, so that each counts once.
 * Fails with `unavailable` without Postgres.
 */
export async function countJobs(
  caller: Caller,
  deps: CountsDeps,
): Promise<{ counts: JobCounts; feedCursor: Cursor | undefined }> {
  requireFullToken(caller);
  const { userId } = caller;
  const owner = userAudience(userId);
  const doneSince = deps.now() - HISTORY_LAG_MS;
  const request = { open: MAX_OPEN, doneSince, done: MAX_LATELY_DONE };
  const { feedCursor, accepted, open, done } = await surveyJobs(owner, request, deps);
  const [waiting, ended] = await Promise.all([
    readLive(owner, { accepted, told: open }, deps),
    notYetInHistory(done, doneSince, deps.history),
  ]);
  const except = [...accepted, ...open, ...ended];
  const [over, past] = await Promise.all([
    readLive(owner, { told: ended }, deps),
    deps.history.counts(userId, { except }),
  ]);
  // By id: a job that was accepted once more, by a repeated call, may have ended already.
  const live = new Map([...waiting, ...over].map(({ job }) => [job.jobId, job]));

  const counts: JobCounts = {};
  const add = (type: string, status: string, count: number) => {
    const byStatus = counts[type] ?? {};
    counts[type] = { ...byStatus, [status]: (byStatus[status] ?? 0) + count };
  };
  for (const [type, byStatus] of Object.entries(past)) {
    for (const status of JOB_STATUSES.filter(isFinal)) {
      if (byStatus[status] !== undefined) add(type, status, byStatus[status]);
    }
  }
  for (const { type, status } of live.values()) add(type, status, 1);
  const isCut = open.length >= MAX_OPEN || accepted.length >= MAX_OPEN;
  return { counts, feedCursor: isCut ? undefined : feedCursor };
}
