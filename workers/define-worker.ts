import type { Readable } from "node:stream";
import type { Static, TSchema } from "typebox";
import type { FileRef, WorkInput, WorkResult } from "../src/contract/worker.ts";
import type { JobType } from "../src/jobs/catalog.ts";
import type { Logger } from "../src/lib/logger.ts";
import type { Engines } from "./engines.ts";

/** An attempt at a job. It may be repeated, also while a lost one still runs: the outcome must be the same. */
export interface Work<Options> {
  jobId: string;
  /** Attempts started so far, this one included. */
  run: number;
  input: WorkInput;
  options: Options;
}

export interface WorkContext {
  /** 0–100, one line for the user, and what there is of a text so far. Cheap: only what is worth telling leaves the process. */
  progress(percent: number, step: string, text?: string): void;
  /** Fails with `input_missing` for what is no file, or gone. */
  open(input: WorkInput): Promise<Readable>;
  /** A local file to read the input from, while `use` runs. */
  withPath<T>(input: WorkInput, use: (path: string) => Promise<T>): Promise<T>;
  /** Keeps a file of the result. `name` is letters, digits, `.`, `_` and `-`; without a content type, its extension says it. */
  save(name: string, content: Readable | Uint8Array, contentType?: string): Promise<FileRef>;
  /** A folder of the attempt's own, emptied when it is over. */
  tempDir: string;
  /** Fires when the job was cancelled; what does not stop is killed. */
  signal: AbortSignal;
  /** Services and models that the operator has set up for this type. */
  engines: Engines;
  log: Logger;
}

export interface Task<Options extends TSchema = TSchema> extends JobType {
  options: Options;
  /** An attempt that takes longer is killed, and ends the job with `timeout`. */
  timeoutMs: number;
  /** A process that grows larger is killed, and ends the job with `input_too_large`. */
  maxMemoryBytes: number;
  /** Throws a `WorkerError` for what the user should know. Libraries are loaded here and not with the module, since gateways load that too. */
  run(work: Work<Static<Options>>, context: WorkContext): Promise<WorkResult>;
}

/** A job type and the work it stands for; the default export of a module in `workers/`. */
export const defineWorker = <Options extends TSchema>(task: Task<Options>): Task<Options> => task;
