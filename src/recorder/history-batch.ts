import { JOB_GAUGE } from "../contract/socket.ts";
import type { Database } from "../db/database.ts";
import { createJobsTable, type JobEntry } from "../db/jobs-table.ts";
import { createPlacesTable, type Place } from "../db/places-table.ts";
import type { JobRecord } from "../jobs/record.ts";
import { type Transition, transition } from "../jobs/transition.ts";
import type { SourceEvent } from "./queue-events.ts";

export interface Batch {
  source: string;
  from: Place;
  to: Place;
  events: readonly SourceEvent[];
  /** Of the jobs in `events`; a job that has none is not ours. */
  records: ReadonlyMap<string, JobRecord>;
}

/** Applies a batch and moves the place: both or neither. False when another reader had moved the place; nothing is changed then. */
export async function applyBatch(db: Database["db"], batch: Batch): Promise<boolean> {
  return await db.transaction().execute(async (tx) => {
    if (!(await createPlacesTable(tx).move(batch.source, batch.from, batch.to))) return false;
    const jobs = createJobsTable(tx);
    const before = await jobs.load(batch.events.map((event) => event.jobId));
    await jobs.upsert(advance(before, batch));
    return true;
  });
}

/** Without the jobs of which nothing but progress is said: most of what there is, and nothing that is written. */
export function withoutMereProgress(events: readonly SourceEvent[]): SourceEvent[] {
  const changed = new Set<string>();
  for (const event of events) if (!isMereProgress(event)) changed.add(event.jobId);
  return events.filter(({ jobId }) => changed.has(jobId));
}

/** A mark of the worker's is progress with an error. */
const isMereProgress = ({ event, data = "" }: SourceEvent): boolean =>
  event === "progress" && !data.includes('"error"');

/** The jobs that a batch changed for good. Progress alone is not written: only the newest counts, and the feeds have it. */
export function advance(
  before: ReadonlyMap<string, JobEntry>,
  { from, events, records }: Pick<Batch, "from" | "events" | "records">,
): JobEntry[] {
  const jobs = new Map(before);
  const changed = new Set<string>();
  for (const event of events) {
    const record = records.get(event.jobId);
    const entry = jobs.get(event.jobId);
    // A stream that is read again after a loss tells of old times as well.
    const isOld =
      from.gapFrom !== null &&
      entry !== undefined &&
      event.at < Date.parse(entry.snapshot.job.updatedAt);
    const next =
      record === undefined || isOld ? undefined : transition(entry?.snapshot, record, event);
    if (record === undefined || next === undefined) continue;
    jobs.set(event.jobId, { snapshot: next.snapshot, audiences: record.audiences });
    if (isLasting(entry, next)) changed.add(event.jobId);
  }
  return [...jobs].filter(([jobId]) => changed.has(jobId)).map(([, entry]) => entry);
}

/** A worker's mark is told by nothing, yet a later batch needs it; a quiet return to the queue is told as a gauge. */
const isLasting = (entry: JobEntry | undefined, { snapshot, tell }: Transition): boolean =>
  tell !== JOB_GAUGE || entry?.snapshot.job.status !== snapshot.job.status;
