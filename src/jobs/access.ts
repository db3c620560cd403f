import type { Caller } from "../contract/tokens.ts";
import { JobcastError } from "../errors.ts";
import type { StoredJob } from "./snapshot.ts";

/** Whether a job is the caller's to see; of one that is not, nobody says that it exists. */
export function maySee(caller: Caller, job: Pick<StoredJob, "jobId" | "userId">): boolean {
  if (caller.onlyJob !== undefined) return caller.onlyJob === job.jobId;
  return caller.isAdmin || caller.isService || job.userId === caller.userId;
}

/** Refuses whoever is no service. */
export function requireService(caller: Caller): void {
  requireFullToken(caller);
  if (!caller.isService) throw new JobcastError("forbidden", "Only a service may do this");
}

/** Refuses whoever is no administrator. */
export function requireAdmin(caller: Caller): void {
  requireFullToken(caller);
  if (!caller.isAdmin) throw new JobcastError("forbidden", "Only an administrator may do this");
}

/** Refuses tokens made for reading one job. */
export function requireFullToken(caller: Caller): void {
  if (caller.onlyJob !== undefined)
    throw new JobcastError("forbidden", "This token may only read its job");
}
