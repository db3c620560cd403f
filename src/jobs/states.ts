import type { Cursor } from "../contract/cursor.ts";
import type { Caller } from "../contract/tokens.ts";
import type { JobsTable } from "../db/jobs-table.ts";
import { JobcastError } from "../errors.ts";
import { maySee } from "./access.ts";
import { newest } from "./newest.ts";
import { unlessLate } from "./past.ts";
import type { Queues } from "./queues.ts";
import { type JobRecord, ownerAudience } from "./record.ts";
import type { RecordedJob, Records } from "./records.ts";
import { isStillborn } from "./stillborn.ts";
import { type JobSnapshot, toSnapshot } from "./snapshot.ts";
import type { Snapshots } from "./snapshots.ts";

/** All that is known of a job: without `recorded`, no more than its past. */
export interface JobState {
  recorded: RecordedJob | undefined;
  snapshot: JobSnapshot;
  /** A place in the owner's feed that the snapshot is not older than; `undefined` where there is none. */
  feedCursor: Cursor | undefined;
}

export interface StatesDeps {
  records: Pick<Records, "read">;
  snapshots: Pick<Snapshots, "read" | "sight">;
  history: Pick<JobsTable, "find">;
  queues: Pick<Queues, "find">;
  now: () => number;
}

/** The newest state of single jobs, from Redis and from the history; without Postgres, what Redis knows. */
export interface States {
  /** `undefined` for what is not there or not the caller's to see. */
  find(jobId: string, caller: Caller): Promise<JobState | undefined>;
  /** The same, failing with `not_found`. */
  get(jobId: string, caller: Caller): Promise<JobState>;
  /** What Redis says of a job. */
  read(record: JobRecord): Promise<JobSnapshot | undefined>;
}

export function createStates({ records, snapshots, history, queues, now }: StatesDeps): States {
  const read = (record: JobRecord) => snapshots.read(ownerAudience(record), record.jobId);

  /** Of a job without a record nothing more is told, so its feed may be asked afterwards. */
  async function ofHistory(jobId: string, caller: Caller): Promise<JobState | undefined> {
    const entry = await history.find(jobId);
    if (entry === undefined || !maySee(caller, entry.snapshot.job)) return undefined;
    const [owner] = entry.audiences;
    const live = owner === undefined ? undefined : await unlessLate(snapshots.sight(owner, jobId));
    const snapshot =
      live?.snapshot === undefined ? entry.snapshot : newest(live.snapshot, entry.snapshot);
    return { recorded: undefined, snapshot, feedCursor: live?.feedCursor };
  }

  async function ofRecord(recorded: RecordedJob): Promise<JobState | undefined> {
    const { record } = recorded;
    const owner = ownerAudience(record);
    const [{ snapshot: live, isAccepted, feedCursor }, answer] = await Promise.all([
      snapshots.sight(owner, record.jobId),
      unlessLate(history.find(record.jobId).then((entry) => ({ entry }))),
    ]);
    const known = [live, answer?.entry?.snapshot].filter((snapshot) => snapshot !== undefined);
    if (known.length > 0) return { recorded, snapshot: known.reduce(newest), feedCursor };
    if (answer === undefined && !isAccepted) throw outcomeUnknown();
    return (await isStillborn(record, { queues, now }))
      ? undefined
      : { recorded, snapshot: toSnapshot(record), feedCursor };
  }

  async function find(jobId: string, caller: Caller): Promise<JobState | undefined> {
    const recorded = await records.read(jobId);
    if (recorded === undefined) return await ofHistory(jobId, caller);
    return maySee(caller, recorded.record) ? await ofRecord(recorded) : undefined;
  }

  return {
    find,
    read,
    async get(jobId, caller) {
      const state = await find(jobId, caller);
      if (state === undefined) throw new JobcastError("not_found", "No such job");
      return state;
    },
  };
}

/** Of a job that ended so long ago that only the history knows how. */
const outcomeUnknown = (): JobcastError =>
  new JobcastError("unavailable", "The history of jobs cannot be reached at the moment", {
    retryAfterSeconds: 5,
  });
