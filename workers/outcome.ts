import { JOB_ERROR_CODES, type JobErrorCode } from "../src/contract/errors.ts";
import type { WorkError, WorkResult } from "../src/contract/worker.ts";

/** A fact has 64 KiB, and the job around the result needs some of it. */
const MAX_RESULT_BYTES = 60_000;

/** All that a user is told of what is wrong with us. */
export const BROKEN: WorkError = {
  code: "internal",
  message: "Something went wrong in the worker",
};

/** Why a result cannot be told: it is too large for a fact, or names files that are not the run's own, which others could then read. */
export function refuse(result: WorkResult, folder: string): WorkError | undefined {
  if (Buffer.byteLength(JSON.stringify(result)) > MAX_RESULT_BYTES)
    return { code: "internal", message: "The result is too large" };
  const isOwn = (result.files ?? []).every(({ key }) => key.startsWith(folder));
  return isOwn ? undefined : BROKEN;
}

/** Whether another attempt may succeed. */
export const isPassing = ({ code }: WorkError): boolean =>
  isJobErrorCode(code) && JOB_ERROR_CODES[code].retryable;

const isJobErrorCode = (code: string): code is JobErrorCode => Object.hasOwn(JOB_ERROR_CODES, code);
