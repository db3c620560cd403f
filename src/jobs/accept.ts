import { JobcastError } from "../errors.ts";
import type { Kept } from "./kept.ts";
import type { Queues } from "./queues.ts";
import { type JobRecord, ownerAudience } from "./record.ts";
import type { Records } from "./records.ts";
import { type StoredJob, toSnapshot } from "./snapshot.ts";
import type { Snapshots } from "./snapshots.ts";

/** Open jobs that a user may have. */
const MAX_WAITING = 5000;

export interface AcceptDeps {
  records: Pick<Records, "write" | "remove">;
  snapshots: Pick<Snapshots, "read" | "accept" | "forget" | "countOpen">;
  queues: Pick<Queues, "add" | "find" | "remove">;
  kept: Kept;
}

/**
 * Makes a job of a record: once it resolves the job will run, whatever dies, a primary that has a replica included. Can be repeated, a job is made once for its id. When it fails,
 * the job may have been made all the same; `takeBack` settles that.
 *
 * Who is told is written down before the job exists, since a worker may take it, or someone cancel it, before the next line here.
 */
export async function accept(
  record: JobRecord,
  { records, snapshots, queues, kept }: AcceptDeps,
): Promise<StoredJob> {
  const areKept = kept.begin();
  const owner = ownerAudience(record);
  await Promise.all([records.write(record), snapshots.accept(record)]);
  await queues.add(record, { runBase: 0, retries: 0 });
  const [snapshot] = await Promise.all([snapshots.read(owner, record.jobId), areKept([record])]);
  return (snapshot ?? toSnapshot(record)).job;
}

/** Removes what a failed acceptance left behind; `false` when a worker has seen the job, so that it stands. */
export async function takeBack(
  record: JobRecord,
  { records, snapshots, queues }: AcceptDeps,
): Promise<boolean> {
  const job = await queues.find(record);
  // One that has ended was told of, and BullMQ would remove it as well.
  if (job !== undefined && (job.attemptsStarted > 0 || !(await queues.remove(job)))) return false;
  await Promise.all([
    ...record.audiences.map((audience) => snapshots.forget(audience, record.jobId)),
    records.remove(record.jobId),
  ]);
  return true;
}

/** Fails with `quota_exceeded` when the owner would have too many open jobs. */
export async function requireQuota(
  record: JobRecord,
  { snapshots }: Pick<AcceptDeps, "snapshots">,
  wanted = 1,
): Promise<void> {
  if ((await snapshots.countOpen(ownerAudience(record))) + wanted <= MAX_WAITING) return;
  throw new JobcastError("quota_exceeded", `There are ${MAX_WAITING} jobs waiting already`, {
    retryAfterSeconds: 60,
  });
}
