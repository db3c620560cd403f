import type { JobEntry } from "../../src/db/jobs-table.ts";
import type { JobRecord } from "../../src/jobs/record.ts";
import { type StoredJob, toSnapshot } from "../../src/jobs/snapshot.ts";

export const record = (fields: Partial<JobRecord> = {}): JobRecord => ({
  jobId: "job-1",
  type: "image",
  lane: "normal",
  userId: "42",
  audiences: ["user:42"],
  caseId: null,
  batchId: null,
  parentId: null,
  metadata: {},
  notify: true,
  input: { data: {} },
  shown: { name: null, bytes: null, contentType: null },
  options: {},
  maxAttempts: 3,
  delayMs: 0,
  createdAt: "2026-01-01T00:00:00.000Z",
  ...fields,
});

/** A row of the history. */
export function entry(job: Partial<StoredJob> = {}): JobEntry {
  const { job: fresh, ...snapshot } = toSnapshot(record());
  return { snapshot: { ...snapshot, job: { ...fresh, ...job } }, audiences: ["user:42"] };
}
