export type { Answer, JobcastError } from "./answer.ts";
export type { Readable } from "./cell.ts";
export type { ConnectionState } from "./connection.ts";
export { createJobcast, type Jobcast, type JobcastOptions } from "./jobcast.ts";
export { isFinal, type Jobs } from "./jobs.ts";
export type { TokenSource } from "./token.ts";
export { type Upload, type UploadOptions, type UploadState, upload } from "./upload.ts";
export type * from "./types.ts";
