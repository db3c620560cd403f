import type { Audience } from "../contract/names.ts";
import type { Queues } from "./queues.ts";
import type { JobRecord } from "./record.ts";
import type { Records } from "./records.ts";
import type { Snapshots } from "./snapshots.ts";

/** Before this age, ms, a submit may still be on its way from the record to the queue. */
const STILLBORN_MS = 600_000;

interface StillbornDeps {
  records: Pick<Records, "readMany">;
  snapshots: Pick<Snapshots, "acceptedBefore" | "forget" | "readMany">;
  queues: Pick<Queues, "find">;
  now: () => number;
}

/** Whether a record of which nothing was heard has no job: its submit died in between, before anybody was promised anything. */
export async function isStillborn(
  record: JobRecord,
  { queues, now }: Pick<StillbornDeps, "queues" | "now">,
): Promise<boolean> {
  if (now() - Date.parse(record.createdAt) < STILLBORN_MS) return false;
  return (await queues.find(record)) === undefined;
}

/** Takes old entries off an owner's accepted jobs that stand for nothing any more, so that they are neither listed nor counted. */
export async function forgetStillborn(owner: Audience, deps: StillbornDeps): Promise<void> {
  const old = await deps.snapshots.acceptedBefore(owner, deps.now() - STILLBORN_MS);
  if (old.length === 0) return;
  const told = await deps.snapshots.readMany(owner, old);
  const waiting = new Set<string>();
  for (const record of await deps.records.readMany(old)) {
    if (!(await isStillborn(record, deps))) waiting.add(record.jobId);
  }
  for (const { job } of told) waiting.delete(job.jobId);
  await Promise.all(
    old.filter((id) => !waiting.has(id)).map((id) => deps.snapshots.forget(owner, id)),
  );
}
