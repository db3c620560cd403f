import { ERROR_CODES, type ErrorCode, type JobErrorCode } from "./contract/errors.ts";
import type { WireError } from "./contract/socket.ts";

export interface FieldProblem {
  path: string;
  message: string;
}

export interface JobcastErrorOptions extends ErrorOptions {
  /** Which fields are wrong, for `errors` of a problem answer. */
  fields?: FieldProblem[];
  /** After how many seconds another try makes sense: the `Retry-After` of an answer. */
  retryAfterSeconds?: number;
}

/** The one error a client may see; whatever else is thrown reaches it as `internal`. */
export class JobcastError extends Error {
  override readonly name = "JobcastError";
  readonly code: ErrorCode;
  readonly fields: FieldProblem[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, message: string, options: JobcastErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.fields = options.fields;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  static from(thrown: unknown): JobcastError {
    if (thrown instanceof JobcastError) return thrown;
    return new JobcastError("internal", "Internal error", { cause: thrown });
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  toWire(): WireError {
    return { code: this.code, message: this.message, retryable: this.retryable };
  }
}

/** Why an attempt at a job failed; `message` is a sentence for the user, without path, stack or secret. */
export class WorkerError extends Error {
  override readonly name = "WorkerError";
  readonly code: JobErrorCode;

  constructor(code: JobErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  static from(thrown: unknown): WorkerError {
    if (thrown instanceof WorkerError) return thrown;
    return new WorkerError("internal", "Something went wrong in the worker", { cause: thrown });
  }
}
