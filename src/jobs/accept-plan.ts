import { isFinal } from "../contract/job.ts";
import type { BatchesTable } from "../db/batches-table.ts";
import type { AcceptDeps } from "./accept.ts";
import type { BatchStates } from "./batch-states.ts";
import type { Plan } from "./plan.ts";
import { type JobRecord, ownerAudience } from "./record.ts";
import type { Snapshots } from "./snapshots.ts";
import type { Queues } from "./queues.ts";

export interface PlanDeps extends AcceptDeps {
  snapshots: AcceptDeps["snapshots"] & Pick<Snapshots, "readMany">;
  queues: AcceptDeps["queues"] & Pick<Queues, "addAll">;
  states: Pick<BatchStates, "open" | "forget">;
  table: Pick<BatchesTable, "insert" | "remove">;
}

/**
 * Makes a batch and its jobs. Can be repeated: what was made is left alone, also when it has ended and gone since. The batch is there before its first
 * job, and a job that waits for another before that one, which may end at once.
 */
export async function acceptPlan({ batch, records }: Plan, deps: PlanDeps): Promise<void> {
  const { states, table, snapshots, queues } = deps;
  const areKept = deps.kept.begin();
  const owner = ownerOf(records);
  const ids = records.map(({ jobId }) => jobId);
  await states.open(owner, batch, ids);
  await table.insert(batch);
  const told = await snapshots.readMany(owner, ids);
  const statuses = new Map(told.map(({ job }) => [job.jobId, job.status]));
  const fresh = records.filter(({ jobId }) => !statuses.has(jobId));
  await Promise.all(
    fresh.flatMap((record) => [deps.records.write(record), snapshots.accept(record)]),
  );
  // In a cluster a queue may have lost what the feed tells of.
  const open = records.filter(({ jobId }) => !isFinal(statuses.get(jobId) ?? "queued"));
  await queues.addAll(open.filter(({ parentId }) => parentId !== null));
  await queues.addAll(open.filter(({ parentId }) => parentId === null));
  await areKept(records);
}

/**
 * Removes what a failed acceptance left behind; `false` when a worker has seen one of the jobs, so that the batch stands and is to be finished. Should
 * a worker be as quick as to take one while the others are removed, those stay cancelled.
 */
export async function takeBackPlan({ batch, records }: Plan, deps: PlanDeps): Promise<boolean> {
  const { states, table, snapshots, queues } = deps;
  const owner = ownerOf(records);
  const found = await Promise.all(records.map((record) => queues.find(record)));
  const jobs = found.filter((job) => job !== undefined);
  if (jobs.some(({ attemptsStarted }) => attemptsStarted > 0)) return false;
  // Those that wait go last: whoever sees one of them in line must find the one before it gone.
  for (const job of jobs) if (!(await queues.remove(job))) return false;
  await states.forget(owner, batch.batchId);
  await table.remove(batch.batchId);
  await Promise.all(
    records.flatMap(({ jobId, audiences }) => [
      ...audiences.map((audience) => snapshots.forget(audience, jobId)),
      deps.records.remove(jobId),
    ]),
  );
  return true;
}

function ownerOf([first]: JobRecord[]) {
  if (first === undefined) throw new Error("A batch has no job");
  return ownerAudience(first);
}
