import { isFinal } from "../contract/job.ts";
import type { Caller } from "../contract/tokens.ts";
import type { JobsTable } from "../db/jobs-table.ts";
import { JobcastError } from "../errors.ts";
import type { Store } from "../storage/store.ts";
import { requireFullToken } from "./access.ts";
import { sourcesOf } from "./input.ts";
import type { Queues } from "./queues.ts";
import type { JobRecord } from "./record.ts";
import type { Records } from "./records.ts";
import type { States } from "./states.ts";

export interface RemoveDeps {
  states: Pick<States, "get">;
  queues: Pick<Queues, "find" | "remove">;
  records: Pick<Records, "remove">;
  history: Pick<JobsTable, "remove">;
  store: Pick<Store, "remove">;
  /** Forgets a job's snapshot in Redis; its record is still there. */
  removeSnapshot(jobId: string): Promise<void>;
}

/** See `Jobs.remove`. The record goes last: what fails in between can be done again. */
export async function removeJob(jobId: string, caller: Caller, deps: RemoveDeps): Promise<void> {
  requireFullToken(caller);
  const { recorded, snapshot } = await deps.states.get(jobId, caller);
  if (!isFinal(snapshot.job.status)) throw stillOpen();
  await deps.history.remove(jobId);
  await deps.store.remove(`jobs/${jobId}/`);
  if (recorded === undefined) return;
  await removeQueued(recorded.record, deps);
  await removeUpload(recorded.record, deps);
  await deps.removeSnapshot(jobId);
  await deps.records.remove(jobId);
}

async function removeQueued(record: JobRecord, { queues }: RemoveDeps): Promise<void> {
  const job = await queues.find(record);
  if (job === undefined) return;
  if (!(await job.isCompleted()) && !(await job.isFailed())) throw stillOpen();
  if (!(await queues.remove(job))) throw stillOpen();
}

async function removeUpload({ input }: JobRecord, { store }: RemoveDeps): Promise<void> {
  for (const source of sourcesOf(input)) {
    if ("file" in source && source.file.key.startsWith("uploads/"))
      await store.remove(source.file.key);
  }
}

const stillOpen = (): JobcastError =>
  new JobcastError("conflict", "The job has not finished; cancel it first");
