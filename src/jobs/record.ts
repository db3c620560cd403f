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
  input: WorkInput;
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
