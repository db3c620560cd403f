import type { Cursor } from "../contract/cursor.ts";
import type { ListJobsQuery } from "../contract/http.ts";
import { isFinal, JOB_STATUSES } from "../contract/job.ts";
import { type Audience, userAudience } from "../contract/names.ts";
import type { Caller } from "../contract/tokens.ts";
import type { JobFilter, JobRows, JobsTable } from "../db/jobs-table.ts";
import { requireFullToken } from "./access.ts";
import type { Catalog } from "./catalog.ts";
import { HISTORY_LAG_MS, MAX_LATELY_DONE, notYetInHistory } from "./history-lag.ts";
import { fits, toFilter } from "./list-query.ts";
import { type LiveJobsDeps, readLive, readLiveOf, surveyJobs } from "./live-jobs.ts";
import { newest } from "./newest.ts";
import { unlessAway } from "./past.ts";
import { comparePositions, positionOf, toPageCursor } from "./page-cursor.ts";
import type { JobSnapshot, StoredJob } from "./snapshot.ts";
import type { Survey } from "./snapshots.ts";

/** Without the history a list holds as many of an owner's open jobs, and as many finished ones. */
const MAX_WITHOUT_HISTORY = 1000;
/** So many open jobs are looked at for a short page too: with a filter, what belongs into it may stand far down. */
const MIN_OPEN = 100;
const OPEN_STATUSES = JOB_STATUSES.filter((status) => !isFinal(status));

export interface ListDeps extends LiveJobsDeps {
  history: Pick<JobsTable, "list" | "notFinishedSince">;
  catalog: Catalog;
}

export interface JobPage {
  items: StoredJob[];
  nextCursor: string | null;
  /** See `Jobs.list`. */
  feedCursor: Cursor | undefined;
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
  if (filter.userId !== undefined) return await listOwned(filter.userId, filter, deps);
  const past = await deps.history.list(filter);
  const live = await readLiveOf(past.entries, deps);
  return toPage({ past, live, feedCursor: undefined }, filter);
}

/** Redis is surveyed before anything is read, so that nothing is older than the cursor. */
async function listOwned(userId: string, filter: JobFilter, deps: ListDeps): Promise<JobPage> {
  const owner = userAudience(userId);
  const depth = Math.max(filter.limit + 1, MIN_OPEN);
  const doneSince = deps.now() - HISTORY_LAG_MS;
  const request = { open: depth, before: timeOf(filter), doneSince, done: MAX_LATELY_DONE };
  const recent = await surveyJobs(owner, request, deps);
  const past = await unlessAway(readPast(filter, recent.done, doneSince, deps));
  if (past === undefined) return await listWithoutHistory(owner, filter, deps);
  const listed = past.entries.map(({ snapshot }) => snapshot.job.jobId);
  const told = [...recent.open, ...past.ended, ...listed];
  const live = await readLive(owner, { accepted: recent.accepted, told }, deps);
  return toPage({ past, live, feedCursor: cursorOf(recent, depth, filter) }, filter);
}

async function listWithoutHistory(
  owner: Audience,
  filter: JobFilter,
  deps: ListDeps,
): Promise<JobPage> {
  const depth = MAX_WITHOUT_HISTORY;
  const request = { open: depth, before: timeOf(filter), doneSince: 0, done: depth };
  const known = await surveyJobs(owner, request, deps);
  const { accepted, open, done } = known;
  const live = await readLive(owner, { accepted, told: [...open, ...done] }, deps);
  const past = { entries: [], hasMore: false };
  return toPage({ past, live, feedCursor: cursorOf(known, depth, filter) }, filter);
}

/** What ended lately is compared first: what the history has of it by then is among its rows. */
async function readPast(
  filter: JobFilter,
  done: string[],
  doneSince: number,
  { history }: ListDeps,
): Promise<JobRows & { ended: string[] }> {
  const ended = await notYetInHistory(done, doneSince, history);
  return { ...(await history.list(filter)), ended };
}

const timeOf = ({ before }: JobFilter): number | undefined => before?.createdAt.getTime();

/** Of more open jobs than were looked at, a list of some kinds of them may lack one that the history has not read yet: such a list names no cursor. */
function cursorOf(
  { feedCursor, open, accepted }: Survey,
  depth: number,
  filter: JobFilter,
): Cursor | undefined {
  const isCut = open.length >= depth || accepted.length >= depth;
  return isCut && narrowsOpen(filter) ? undefined : feedCursor;
}

/** Whether some open jobs of the owner are asked for, and others are not. */
function narrowsOpen({ statuses, types, caseId, batchId, updatedAfter }: JobFilter): boolean {
  const wanted = OPEN_STATUSES.filter((status) => statuses?.includes(status) ?? true);
  if (wanted.length === 0) return false;
  const narrowing = [types, caseId, batchId, updatedAfter];
  return wanted.length < OPEN_STATUSES.length || narrowing.some((value) => value !== undefined);
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

interface Found {
  past: JobRows;
  live: JobSnapshot[];
  feedCursor: Cursor | undefined;
}

/** What lies beyond the last row of the history in this page belongs to the next one. */
function toPage({ past, live, feedCursor }: Found, filter: JobFilter): JobPage {
  const last = past.hasMore ? past.entries.at(-1) : undefined;
  const end = last === undefined ? undefined : positionOf(last.snapshot.job);
  const inPage = merge([...past.entries.map(({ snapshot }) => snapshot), ...live]).filter((job) => {
    const position = positionOf(job);
    if (filter.before !== undefined && comparePositions(position, filter.before) <= 0) return false;
    return (end === undefined || comparePositions(position, end) <= 0) && fits(job, filter);
  });
  const items = inPage.slice(0, filter.limit);
  const lastItem = items.at(-1);
  const isCut = inPage.length > filter.limit && lastItem !== undefined;
  const next = isCut ? positionOf(lastItem) : end;
  return { items, nextCursor: next === undefined ? null : toPageCursor(next), feedCursor };
}
