import type { Lane } from "../contract/job.ts";
import type { Audience } from "../contract/names.ts";
import type { JsonObject } from "../contract/shared.ts";
import type { WorkInput } from "../contract/worker.ts";

/**
 * What is written down before a job exists: who is told of it, and all that a retry needs. Never changed afterwards; kept until
 * the outcome plus `JOB_RETENTION_DAYS`.
 */
export interface JobRecord {
  jobId: string;
  type: string;
  lane: Lane;
  userId: string | null;
  /** The feeds that tell of it, the owner's first. */
  audiences: Audience[];
  caseId: string | null;
  batchId: string | null;
  parentId: string | null;
  metadata: Record<string, string>;
  notify: boolean;
  /** Of a job with `from`, empty: what it works on is found when its parent has succeeded, and stands in BullMQ's data of the job from then on. */
  input: WorkInput;
  /** What it works on is its parent's: the file of that name, or what the parent has to offer. */
  from?: { file?: string };
  /** Ids of the jobs that wait for this one. */
  followers?: string[];
  /** What is shown of the input. */
  shown: { name: string | null; bytes: number | null; contentType: string | null };
  options: JsonObject;
  maxAttempts: number;
  delayMs: number;
  /** ISO 8601. */
  createdAt: string;
}

/** The feed whose snapshots are read for a job: its owner's. */
export function ownerAudience({ jobId, audiences }: JobRecord): Audience {
  const [owner] = audiences;
  if (owner === undefined) throw new Error(`Job ${jobId} has no audience`);
  return owner;
}
