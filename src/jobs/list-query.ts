import { JOB_STATUSES } from "../contract/job.ts";
import type { ListJobsQuery } from "../contract/http.ts";
import type { Caller } from "../contract/tokens.ts";
import type { JobFilter } from "../db/jobs-table.ts";
import { JobcastError } from "../errors.ts";
import type { Catalog } from "./catalog.ts";
import { fromPageCursor } from "./page-cursor.ts";
import type { StoredJob } from "./snapshot.ts";

const DEFAULT_LIMIT = 50;

/** What a list asks for; own jobs unless an administrator or a service says otherwise. Fails with `invalid` or `forbidden`. */
export function toFilter(query: ListJobsQuery, caller: Caller, catalog: Catalog): JobFilter {
  return {
    userId: toUserId(query.userId, caller),
    statuses: toList("status", query.status, JOB_STATUSES),
    types: toList("type", query.type, Array.from(catalog.keys())),
    caseId: query.caseId,
    batchId: query.batchId,
    createdAfter: toDate("createdAfter", query.createdAfter),
    updatedAfter: toDate("updatedAfter", query.updatedAfter),
    before: query.cursor === undefined ? undefined : fromPageCursor(query.cursor),
    limit: query.limit ?? DEFAULT_LIMIT,
  };
}

/** Whether a job is one that the filter asks for, wherever it was read. */
export function fits(job: StoredJob, filter: JobFilter): boolean {
  const { userId, statuses, types, caseId, batchId, createdAfter, updatedAfter } = filter;
  return (
    (userId === undefined || job.userId === userId) &&
    (statuses === undefined || statuses.includes(job.status)) &&
    (types === undefined || types.includes(job.type)) &&
    (caseId === undefined || job.caseId === caseId) &&
    (batchId === undefined || job.batchId === batchId) &&
    (createdAfter === undefined || Date.parse(job.createdAt) > createdAfter.getTime()) &&
    (updatedAfter === undefined || Date.parse(job.updatedAt) > updatedAfter.getTime())
  );
}

function toUserId(asked: string | undefined, caller: Caller): string | undefined {
  if (asked === undefined) return caller.userId;
  if (!caller.isAdmin && !caller.isService) {
    throw new JobcastError(
      "forbidden",
      "Only an administrator or a service may ask for another user's jobs",
    );
  }
  return asked === "*" ? undefined : asked;
}

function toList<Value extends string>(
  name: string,
  text: string | undefined,
  known: readonly Value[],
) {
  if (text === undefined) return undefined;
  return text.split(",").map((word) => {
    const value = known.find((candidate) => candidate === word.trim());
    if (value === undefined) throw invalid(name, `Unknown value ${JSON.stringify(word)}`);
    return value;
  });
}

function toDate(name: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw invalid(name, "Must be a time in ISO 8601");
  return date;
}

const invalid = (name: string, message: string): JobcastError =>
  new JobcastError("invalid", `${name}: ${message}`, { fields: [{ path: `/${name}`, message }] });
