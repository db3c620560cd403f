import { isFinal } from "../contract/job.ts";
import type { JobSnapshot } from "./snapshot.ts";

/**
 * Whichever of two views of a job is ahead. Redis and the history read the same events, and either may lag: retries and runs only grow, an
 * outcome ends its run, and within one state the later change counts.
 */
export function newest(a: JobSnapshot, b: JobSnapshot): JobSnapshot {
  const ahead =
    a.retries - b.retries ||
    a.run - b.run ||
    Number(isFinal(a.job.status)) - Number(isFinal(b.job.status)) ||
    Date.parse(a.job.updatedAt) - Date.parse(b.job.updatedAt);
  return ahead >= 0 ? a : b;
}
