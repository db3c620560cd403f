import type { JobCounts, ListJobsQuery } from "../contract/http.ts";
import { isFinal, JOB_STATUSES } from "../contract/job.ts";
import { userAudience } from "../contract/names.ts";
import type { Caller } from "../contract/tokens.ts";
import type { JobEntry, JobFilter, JobsTable } from "../db/jobs-table.ts";
import { requireFullToken } from "./access.ts";
import type { Catalog } from "./catalog.ts";
import { fits, toFilter } from "./list-query.ts";
import { type LiveJobsDeps, readDone, readLive, readOpen } from "./live-jobs.ts";
import { newest } from "./newest.ts";
import { unlessAway } from "./past.ts";
import { comparePositions, positionOf, toPageCursor } from "./page-cursor.ts";
import type { JobSnapshot, StoredJob } from "./snapshot.ts";

/** How far the history may lag and a list still be right, ms. */
const HISTORY_LAG_MS = 60_000;
/** Without the history a list holds as many of an owner's open jobs, and as many finished ones. */
const MAX_WITHOUT_HISTORY = 1000;
const MAX_OPEN = 5000;

export interface ListDeps extends LiveJobsDeps {
  history: Pick<JobsTable, "list" | "counts">;
  catalog: Catalog;
}

export interface JobPage {
  items: StoredJob[];
  nextCursor: string | null;
}

/**
 * A page of the history with what Redis knows laid over it, and the owner's jobs that the history has not read yet. Without Postgres: the
 * owner's open and recent jobs from Redis alone.
 */
export async function listJobs(
  query: ListJobsQuery,
  caller: Caller,
  deps: ListDeps,
): Promise<JobPage> {
  requireFullToken(caller);
  const filter = toFilter(query, caller, deps.catalog);
  const past = await readHistory(filter, deps);
  const owned = await readOwned(filter, past === undefined, deps);
  const overlay = past === undefined ? [] : await readLive(past, deps);
  const jobs = merge([...(past ?? []).map(({ snapshot }) => snapshot), ...overlay, ...owned]);
  const last =
    past !== undefined && past.length > filter.limit ? past[filter.limit - 1] : undefined;
  return toPage(jobs, last, filter);
}

/** Own jobs by type and status: outcomes from the history, the others as Redis has them. Fails with `unavailable` without Postgres. */
export async function countJobs(caller: Caller, deps: ListDeps): Promise<JobCounts> {
  requireFullToken(caller);
  const [past, open] = await Promise.all([
    deps.history.counts(caller.userId),
    readOpen(userAudience(caller.userId), MAX_OPEN, deps),
  ]);
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
  for (const { type, status } of merge(open)) if (!isFinal(status)) add(type, status, 1);
  return counts;
}

/** One more than the page, to know whether there is another; `undefined` when Postgres is away and Redis can answer instead. */
async function readHistory(
  filter: JobFilter,
  { history }: ListDeps,
): Promise<JobEntry[] | undefined> {
  const rows = history.list({ ...filter, limit: filter.limit + 1 });
  return filter.userId === undefined ? await rows : await unlessAway(rows);
}

async function readOwned(
  { userId, limit }: JobFilter,
  isAlone: boolean,
  deps: ListDeps,
): Promise<JobSnapshot[]> {
  if (userId === undefined) return [];
  const owner = userAudience(userId);
  const count = isAlone ? MAX_WITHOUT_HISTORY : limit + 1;
  const since = isAlone ? 0 : deps.now() - HISTORY_LAG_MS;
  const [open, done] = await Promise.all([
    readOpen(owner, count, deps),
    readDone(owner, { since, limit: count }, deps),
  ]);
  return [...open, ...done];
}

/** The newest state of each job, newest job first. */
function merge(snapshots: JobSnapshot[]): StoredJob[] {
  const byId = new Map<string, JobSnapshot>();
  for (const snapshot of snapshots) {
    const known = byId.get(snapshot.job.jobId);
    byId.set(snapshot.job.jobId, known === undefined ? snapshot : newest(known, snapshot));
  }
  const jobs = Array.from(byId.values(), ({ job }) => job);
  return jobs.toSorted((a, b) => comparePositions(positionOf(a), positionOf(b)));
}

/** `last` is the last row of the history in this page, when there are more: what lies beyond it belongs to the next one. */
function toPage(jobs: StoredJob[], last: JobEntry | undefined, filter: JobFilter): JobPage {
  const end = last === undefined ? undefined : positionOf(last.snapshot.job);
  const inPage = jobs.filter((job) => {
    const position = positionOf(job);
    if (filter.before !== undefined && comparePositions(position, filter.before) <= 0) return false;
    return (end === undefined || comparePositions(position, end) <= 0) && fits(job, filter);
  });
  const items = inPage.slice(0, filter.limit);
  const lastItem = items.at(-1);
  const isCut = inPage.length > filter.limit && lastItem !== undefined;
  const next = isCut ? positionOf(lastItem) : end;
  return { items, nextCursor: next === undefined ? null : toPageCursor(next) };
}
