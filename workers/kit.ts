/** What a worker of your own imports, as `jobcast/worker`. */
export { Type, type Static } from "typebox";
export type { FileRef, WorkSource } from "../src/contract/worker.ts";
export { WorkerError } from "../src/errors.ts";
export {
  defineWorker,
  FILE,
  type OwnJob,
  type ResultOf,
  type WorkContext,
} from "./define-worker.ts";
