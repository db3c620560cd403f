import { JobcastError } from "../errors.ts";
import type { StoredJob } from "./snapshot.ts";

/** A place in a list of jobs, newest first: after the job that was created then under that id. */
export interface PagePosition {
  createdAt: Date;
  jobId: string;
}

export const positionOf = ({ createdAt, jobId }: StoredJob): PagePosition => ({
  createdAt: new Date(createdAt),
  jobId,
});

/** Below zero when `a` stands before `b` in a list. Ids break ties in the order of their code units, as the history does. */
export function comparePositions(a: PagePosition, b: PagePosition): number {
  const later = b.createdAt.getTime() - a.createdAt.getTime();
  if (later !== 0 || a.jobId === b.jobId) return later;
  return a.jobId > b.jobId ? -1 : 1;
}

export const toPageCursor = ({ createdAt, jobId }: PagePosition): string =>
  Buffer.from(`${createdAt.getTime()} ${jobId}`).toString("base64url");

/** Fails with `invalid` for whatever no list of ours can have given out. */
export function fromPageCursor(cursor: string): PagePosition {
  const [, time, jobId] =
    /^(\d{1,15}) (\S{1,128})$/.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  if (time === undefined || jobId === undefined) {
    const fields = [{ path: "/cursor", message: "Must be the `nextCursor` of a list" }];
    throw new JobcastError("invalid", "The cursor is not one of a list of jobs", { fields });
  }
  return { createdAt: new Date(Number(time)), jobId };
}
