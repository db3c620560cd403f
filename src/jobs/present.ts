import type { Job, ResultFile } from "../contract/job.ts";
import type { FileRef } from "../contract/worker.ts";
import type { StoredJob } from "./snapshot.ts";

/** Makes a link to a file of the store; `expiresAt` is ISO 8601. */
export type Sign = (key: string) => Pick<ResultFile, "url" | "expiresAt">;

/** A job as everyone outside sees it: the files of its result become links, signed anew each time. */
export function toWireJob(job: StoredJob, sign: Sign): Job {
  if (job.result?.files === undefined) return job;
  return {
    ...job,
    result: { ...job.result, files: job.result.files.map((file) => toResultFile(file, sign)) },
  };
}

/** What a token made for one job may see of it: not whose it is, nor what it belongs to. */
export const toScopedJob = (job: StoredJob): StoredJob => ({
  ...job,
  userId: null,
  caseId: null,
  batchId: null,
  metadata: {},
});

const toResultFile = ({ key, name, contentType, bytes }: FileRef, sign: Sign): ResultFile => ({
  name,
  contentType,
  bytes,
  ...sign(key),
});
