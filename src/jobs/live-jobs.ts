import type { Audience } from "../contract/names.ts";
import type { JobEntry } from "../db/jobs-table.ts";
import type { Queues } from "./queues.ts";
import type { Records } from "./records.ts";
import { type JobSnapshot, toSnapshot } from "./snapshot.ts";
import type { Snapshots } from "./snapshots.ts";
import { forgetStillborn } from "./stillborn.ts";

export interface LiveJobsDeps {
  records: Pick<Records, "readMany">;
  snapshots: Pick<
    Snapshots,
    "readMany" | "openIds" | "acceptedIds" | "acceptedBefore" | "doneIds" | "forget"
  >;
  queues: Pick<Queues, "find">;
  now: () => number;
}

/** An owner's open jobs, the newest `limit` of them, those accepted and not told of yet included. */
export async function readOpen(
  owner: Audience,
  limit: number,
  deps: LiveJobsDeps,
): Promise<JobSnapshot[]> {
  const { snapshots, records } = deps;
  await forgetStillborn(owner, deps);
  // Accepted ones first: a job that is told of in between is then seen twice, and not missed.
  const accepted = await snapshots.acceptedIds(owner, limit);
  const open = await snapshots.readMany(owner, await snapshots.openIds(owner, limit));
  const told = await snapshots.readMany(owner, accepted);
  const heard = new Set(told.map(({ job }) => job.jobId));
  const untold = await records.readMany(accepted.filter((id) => !heard.has(id)));
  return [...open, ...told, ...untold.map(toSnapshot)];
}

/** An owner's jobs that ended after `since` (ms since 1970), the latest `limit` of them. */
export async function readDone(
  owner: Audience,
  { since, limit }: { since: number; limit: number },
  { snapshots }: LiveJobsDeps,
): Promise<JobSnapshot[]> {
  return await snapshots.readMany(owner, await snapshots.doneIds(owner, since, limit));
}

/** What Redis knows of jobs of the history. */
export async function readLive(
  entries: JobEntry[],
  { snapshots }: LiveJobsDeps,
): Promise<JobSnapshot[]> {
  const idsByOwner = new Map<Audience, string[]>();
  for (const { audiences, snapshot } of entries) {
    const [owner] = audiences;
    if (owner === undefined) continue;
    const ids = idsByOwner.get(owner) ?? [];
    idsByOwner.set(owner, [...ids, snapshot.job.jobId]);
  }
  const live = Array.from(idsByOwner, ([owner, ids]) => snapshots.readMany(owner, ids));
  return (await Promise.all(live)).flat();
}
