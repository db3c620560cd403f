import { EXTERNAL, ExternalOptions } from "../contract/job-types/external.ts";
import type { JobType } from "./catalog.ts";

/** Work that services outside claim over HTTP; no worker of ours takes it. */
export const externalType: JobType = {
  type: EXTERNAL,
  accepts: ["data"],
  options: ExternalOptions,
  maxAttempts: 3,
};
