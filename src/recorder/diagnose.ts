import { isFinal } from "../contract/job.ts";
import type { QueuedJob } from "../jobs/queues.ts";
import type { JobRecord } from "../jobs/record.ts";
import { type JobSnapshot, toSnapshot } from "../jobs/snapshot.ts";
import type { QueueEvent } from "../jobs/transition.ts";

/** A job as BullMQ has it. */
export type Found = Pick<
  QueuedJob,
  "finishedOn" | "failedReason" | "returnvalue" | "data" | "attemptsStarted" | "processedOn"
>;

/** An event that nobody was told of. Its ref says what it is about and not when: each feed is mended by itself, and must give the event the same id. */
export interface MissedEvent extends QueueEvent {
  ref: string;
}

/** Whether there is nothing left to tell of a job: its outcome is known, or it never came to be. */
export const isOver = (snapshot: JobSnapshot | undefined, queued: Found | undefined): boolean =>
  snapshot === undefined ? queued === undefined : isFinal(snapshot.job.status);

export interface Case {
  /** What was told of the job last, if anything was. */
  snapshot: JobSnapshot | undefined;
  record: JobRecord;
  queued: Found | undefined;
  /** What happened twice as long ago, and was not told, is lost rather than late. */
  lateMs: number;
}

/** The events that must have been missed of a job, judging by what BullMQ has; none when both agree, or may do so in a moment. */
export function findMissed({ snapshot, record, queued, lateMs }: Case): MissedEvent[] {
  const known = snapshot ?? toSnapshot(record);
  const since = Date.now() - 2 * lateMs;
  if (queued !== undefined && (queued.finishedOn ?? queued.processedOn ?? 0) > since) return [];
  const named = (event: QueueEvent): MissedEvent => ({
    ...event,
    ref: `${event.event}.${known.run}.${known.retries}`,
  });
  const next = findNext(known, queued, since);
  const missed = next === undefined ? [] : [named(next)];
  return snapshot === undefined
    ? [...toBeginning(record, queued, next).map(named), ...missed]
    : missed;
}

/** What every job begins with, up to what is missed `next`: the run is part of it, unless that it began is just what is missed. */
function toBeginning(
  record: JobRecord,
  queued: Found | undefined,
  next: QueueEvent | undefined,
): QueueEvent[] {
  const added = { at: Date.parse(record.createdAt), event: "added" };
  const startedAt = next?.event === "active" ? undefined : queued?.processedOn;
  return startedAt === undefined ? [added] : [added, { at: startedAt, event: "active" }];
}

function findNext(
  { job, run }: JobSnapshot,
  queued: Found | undefined,
  since: number,
): QueueEvent | undefined {
  const at = Date.now();
  if (queued === undefined) return { at, event: "removed" };
  if (queued.finishedOn !== undefined && queued.failedReason !== undefined)
    return { at, event: "failed", failedReason: queued.failedReason };
  if (queued.finishedOn !== undefined)
    return { at, event: "completed", returnvalue: JSON.stringify(queued.returnvalue) };
  if (queued.data.runBase + queued.attemptsStarted > run) return { at, event: "active" };
  const isOld = Date.parse(job.updatedAt) <= since;
  return isOld && job.status === "processing" && queued.processedOn === undefined
    ? { at, event: "waiting", prev: "active" }
    : undefined;
}
