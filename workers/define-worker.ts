import type { Readable } from "node:stream";
import Type, { type Static, type TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { FileRef, WorkInput, WorkResult, WorkSource } from "../src/contract/worker.ts";
import { WorkerError } from "../src/errors.ts";
import type { JobType } from "../src/jobs/catalog.ts";
import type { Logger } from "../src/lib/logger.ts";
import type { Engines } from "./engines.ts";
import { requireSound } from "./sound.ts";

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

/** What `input` of a worker says that works on one file: an upload or an address. */
export const FILE = "file";

/** An attempt at a job, as a worker of your own gets it. It may be repeated, also while a lost one still runs: the outcome must be the same. */
export interface OwnJob<Input, Options> {
  jobId: string;
  /** Attempts started so far, this one included. */
  run: number;
  /** The data of the job; of a file, what `open` and `withPath` of the context take. */
  input: Input;
  options: Options;
}

interface OwnLimits {
  /** 1–64 of `a-z`, `0-9`, `_` and `-`: what requests call it. */
  type: string;
  /** 3. */
  maxAttempts?: number;
  /** 10 minutes; an attempt that takes longer is killed, and ends the job with `timeout`. */
  timeoutMs?: number;
  /** 1 GiB; a process that grows larger is killed, and ends the job with `input_too_large`. */
  maxMemoryBytes?: number;
}

/** A worker whose jobs are data. Requests are checked against both schemas; without options none may be given. */
export interface DataWorker<
  Input extends TSchema,
  Options extends TSchema,
  Result extends object,
> extends OwnLimits {
  input: Input;
  options?: Options;
  run(job: OwnJob<Static<Input>, Static<Options>>, context: WorkContext): Promise<Result>;
}

/** A worker whose jobs are files. */
export interface FileWorker<Options extends TSchema, Result extends object> extends OwnLimits {
  input: typeof FILE;
  options?: Options;
  run(job: OwnJob<WorkSource, Static<Options>>, context: WorkContext): Promise<Result>;
}

/** A task that remembers what its outcome is. */
export interface TaskOf<Result extends object> extends Task {
  run(work: Work<unknown>, context: WorkContext): Promise<WorkResult & Result>;
}

/** What jobs of a worker give back. */
export type ResultOf<Worker extends Task> = Awaited<ReturnType<Worker["run"]>>;

const NO_OPTIONS = Type.Object({}, { additionalProperties: false });
type NoOptions = typeof NO_OPTIONS;

/**
 * A job type and the work it stands for; the default export of a module in `workers/` or in `WORKERS_DIR`. Gateways load the module too, for its schemas: load
 * libraries in `run`. Throws an error that says what is wrong.
 */
export function defineWorker<Result extends object, Options extends TSchema = NoOptions>(
  worker: FileWorker<Options, Result>,
): TaskOf<Result>;
export function defineWorker<
  Input extends TSchema,
  Result extends object,
  Options extends TSchema = NoOptions,
>(worker: DataWorker<Input, Options, Result>): TaskOf<Result>;
export function defineWorker<Options extends TSchema>(task: Task<Options>): Task<Options>;
export function defineWorker(
  worker: Task | FileWorker<TSchema, object> | DataWorker<TSchema, TSchema, object>,
): Task {
  requireSound(worker);
  if ("accepts" in worker) return worker;
  const { type, options = NO_OPTIONS } = worker;
  const { maxAttempts = 3, timeoutMs = 600_000, maxMemoryBytes = 1024 ** 3 } = worker;
  const limits = { type, options, maxAttempts, timeoutMs, maxMemoryBytes };
  return isFileWorker(worker) ? ofFile(worker, limits) : ofData(worker, limits);
}

type Limits = Omit<Task, "accepts" | "run">;
type AnyFileWorker = FileWorker<TSchema, object>;
type AnyDataWorker = DataWorker<TSchema, TSchema, object>;

const isFileWorker = (worker: AnyFileWorker | AnyDataWorker): worker is AnyFileWorker =>
  worker.input === FILE;

function ofFile(worker: AnyFileWorker, limits: Limits): Task {
  return {
    ...limits,
    accepts: ["file", "url"],
    async run({ input, ...work }, context) {
      if (!("file" in input || "url" in input)) throw unfit();
      return { ...(await worker.run({ ...work, input }, context)) };
    },
  };
}

function ofData(worker: AnyDataWorker, limits: Limits): Task {
  const isInput = Compile(worker.input);
  return {
    ...limits,
    accepts: ["data"],
    data: worker.input,
    async run({ input, ...work }, context) {
      // Checked at submit, perhaps by a gateway that had another version of the module.
      if (!("data" in input) || !isInput.Check(input.data)) throw unfit();
      return { ...(await worker.run({ ...work, input: input.data }, context)) };
    },
  };
}

const unfit = (): WorkerError =>
  new WorkerError("input_unsupported", "The input does not fit the worker");
