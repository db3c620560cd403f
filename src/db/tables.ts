import type { ColumnType, Generated, GeneratedAlways } from "kysely";
import type { JobStatus, Lane } from "../contract/job.ts";
import type { Audience } from "../contract/names.ts";
import type { JobSnapshot } from "../jobs/snapshot.ts";

/** Read as a value, written as the text that `toJsonb` makes of it. */
type Jsonb<Value> = ColumnType<Value, string, string>;

export interface JobsRow {
  job_id: string;
  user_id: string | null;
  type: string;
  lane: Lane;
  status: JobStatus;
  case_id: string | null;
  batch_id: string | null;
  parent_id: string | null;
  audiences: Audience[];
  run: number;
  snapshot: Jsonb<JobSnapshot>;
  created_at: Date;
  updated_at: Date;
  finished_at: Date | null;
}

export interface BatchesRow {
  batch_id: string;
  user_id: string | null;
  name: string | null;
  case_id: string | null;
  total: number;
  created_at: Date;
}

export interface HistoryPlacesRow {
  source: string;
  place: string;
  gap_from: string | null;
}

export interface TailMarksRow {
  tail: string;
  /** The entry's id, in its two parts: bigint. */
  ms: string;
  n: string;
  generation: string;
}

export interface IntentsRow {
  id: GeneratedAlways<number>;
  caller: string;
  route: string;
  key: string;
  body_hash: string;
  state: "pending" | "done";
  job_ids: string[];
  payload: Jsonb<unknown>;
  answer: ColumnType<unknown, string | null, string | null>;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface Tables {
  jobs: JobsRow;
  batches: BatchesRow;
  history_places: HistoryPlacesRow;
  tail_marks: TailMarksRow;
  intents: IntentsRow;
}
