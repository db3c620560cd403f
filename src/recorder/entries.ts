import { isFinal } from "../contract/job.ts";
import { JOB_GAUGE } from "../contract/socket.ts";
import type { Entry } from "../feeds/append.ts";
import { estimateRunning } from "../jobs/outlook.ts";
import { type Sign, toWireJob } from "../jobs/present.ts";
import type { JobRecord } from "../jobs/record.ts";
import type { Durations } from "../jobs/run-times.ts";
import type { JobSnapshot, StoredJob } from "../jobs/snapshot.ts";
import { transition } from "../jobs/transition.ts";
import type { SourceEvent } from "./queue-events.ts";

/** An event together with the record of its job. */
export interface Told {
  event: SourceEvent;
  record: JobRecord;
}

/** What a batch of events says to an audience, and how it leaves the jobs. */
export interface Made {
  entries: Entry[];
  snapshots: ReadonlyMap<string, JobSnapshot>;
}

/**
 * What a batch of events says to one audience, in their order. Of a job's gauges only one that nothing of the batch follows is told: the others would
 * be old before anybody saw them. With `durations` jobs in hand say how long they will take.
 */
export function toEntries(
  told: Told[],
  snapshots: ReadonlyMap<string, JobSnapshot>,
  source: string,
  sign: Sign,
  durations?: Durations,
): Made {
  const current = new Map(snapshots);
  const entries: Entry[] = [];
  const lastGauge = new Map<string, Entry>();
  for (const { event, record } of told) {
    const next = transition(current.get(event.jobId), record, event);
    if (next === undefined) continue;
    const snapshot = withEstimate(next.snapshot, durations);
    current.set(event.jobId, snapshot);
    const entry = toEntry({ ...next, snapshot }, `${source}:${event.ref}`, sign);
    const older = lastGauge.get(event.jobId);
    if (older !== undefined && entry.kind !== "silent") older.kind = "silent";
    if (entry.kind === "gauge") lastGauge.set(event.jobId, entry);
    if (entry.kind === "fact") lastGauge.delete(event.jobId);
    entries.push(entry);
  }
  return { entries, snapshots: current };
}

/** Of what was said silently only the newest snapshot of a job has to be kept. */
export function withoutSuperseded(entries: Entry[]): Entry[] {
  const lastOf = new Map(entries.map((entry) => [entry.jobId, entry]));
  return entries.filter((entry) => entry.kind !== "silent" || lastOf.get(entry.jobId) === entry);
}

/** Kept as it is told, so that both are written once; the next look at the job has an estimate of its own. */
function withEstimate(snapshot: JobSnapshot, durations: Durations | undefined): JobSnapshot {
  const { job } = snapshot;
  const isGuessed = durations !== undefined && job.status === "processing";
  const estimatedTime = isGuessed
    ? estimateRunning(job, durations, Date.parse(job.updatedAt))
    : null;
  return estimatedTime === job.estimatedTime
    ? snapshot
    : { ...snapshot, job: { ...job, estimatedTime } };
}

interface Next {
  snapshot: JobSnapshot;
  tell: Entry["event"] | undefined;
}

function toEntry({ snapshot, tell }: Next, eventId: string, sign: Sign): Entry {
  const { job, ...rest } = snapshot;
  // Most of what is kept is what is told, and is written once.
  const text = JSON.stringify(job);
  const kept = {
    jobId: job.jobId,
    snapshot: `${JSON.stringify(rest).slice(0, -1)},"job":${text}}`,
    isOpen: !isFinal(job.status),
    createdAt: Date.parse(job.createdAt),
    ...toShare(job),
  };
  if (tell === undefined || tell === "") return { ...kept, kind: "silent", event: "", body: "" };
  const wire = toWireJob(job, sign);
  const body = wire === job ? text : JSON.stringify(wire);
  if (tell === JOB_GAUGE) return { ...kept, kind: "gauge", event: tell, body };
  const said = JSON.stringify({ at: job.updatedAt, eventId });
  return { ...kept, kind: "fact", event: tell, body: `${body.slice(0, -1)},${said.slice(1, -1)}` };
}

function toShare({ batchId, status, progress, updatedAt: at }: StoredJob): Pick<Entry, "batch"> {
  return batchId === null ? {} : { batch: { batchId, status, progress, at } };
}
