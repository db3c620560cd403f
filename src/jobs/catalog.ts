import type { TSchema } from "typebox";
import type { JsonObject } from "../contract/shared.ts";
import type { WorkInput } from "../contract/worker.ts";

/** What the gateway knows of a job type; the workers' tasks provide it, `main.ts` hands it over. */
export interface JobType {
  type: string;
  /** Checked with code `invalid_options`. */
  options: TSchema;
  /** What `input` may be: a file (multipart, an upload, a job's result), an address, several of these, data. */
  accepts: readonly ("file" | "url" | "files" | "data")[];
  /** Of `{data}`, if accepted. */
  data?: TSchema;
  /**
   * What the schemas cannot say of a request that fits them, as where options and input must fit each other. Throws a `JobcastError` with code
   * `invalid` or `invalid_options` at submit.
   */
  check?(request: { input: WorkInput; options: JsonObject }): void;
  maxAttempts: number;
}

export type Catalog = ReadonlyMap<string, JobType>;
