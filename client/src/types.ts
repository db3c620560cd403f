export type { Batch } from "../../src/contract/batch.ts";
export type {
  Job,
  JobError,
  JobRequest,
  JobStatus,
  Lane,
  ResultFile,
} from "../../src/contract/job.ts";
export type { Ready, Resync } from "../../src/contract/socket.ts";
export type { QueueStatus } from "../../src/contract/http.ts";
