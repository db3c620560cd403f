import type { Audience } from "../contract/names.ts";
import type { JobEntry } from "../db/jobs-table.ts";
import type { Queues } from "./queues.ts";
import type { Records } from "./records.ts";
import { type JobSnapshot, toSnapshot } from "./snapshot.ts";
import type { Snapshots, Survey, SurveyRequest } from "./snapshots.ts";
import { forgetStillborn } from "./stillborn.ts";

export interface LiveJobsDeps {
  records: Pick<Records, "readMany">;
  snapshots: Pick<Snapshots, "readMany" | "survey" | "acceptedBefore" | "forget">;
  queues: Pick<Queues, "find">;
  now: () => number;
}

/** See `Snapshots.survey`; what was accepted and never came to be is not in it. */
export async function surveyJobs(
  owner: Audience,
  request: SurveyRequest,
  deps: LiveJobsDeps,
): Promise<Survey> {
  await forgetStillborn(owner, deps);
  return await deps.snapshots.survey(owner, request);
}

/** What Redis knows of an owner's jobs: of those told of their snapshots, of `accepted` ones that nothing was heard of that they wait. */
export async function readLive(
  owner: Audience,
  { accepted = [], told }: { accepted?: string[]; told: string[] },
  { snapshots, records }: LiveJobsDeps,
): Promise<JobSnapshot[]> {
  const heard = await snapshots.readMany(owner, [...new Set([...accepted, ...told])]);
  const heardIds = new Set(heard.map(({ job }) => job.jobId));
  const untold = await records.readMany(accepted.filter((id) => !heardIds.has(id)));
  return [...heard, ...untold.map(toSnapshot)];
}

/** What Redis knows of jobs of the history, whoever's they are. */
export async function readLiveOf(
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
