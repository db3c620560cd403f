import type { TSchema } from "typebox";

/** What the gateway knows of a job type; the workers' tasks provide it, `main.ts` hands it over. */
export interface JobType {
  type: string;
  /** Checked with code `invalid_options`. */
  options: TSchema;
  /** What `input` may be: a file (multipart), an address, data. */
  accepts: readonly ("file" | "url" | "data")[];
  /** Of `{data}`, if accepted. */
  data?: TSchema;
  maxAttempts: number;
}

export type Catalog = ReadonlyMap<string, JobType>;
