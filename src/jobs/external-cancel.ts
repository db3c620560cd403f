import type { Claims } from "./external-claims.ts";
import type { QueuedJob } from "./queues.ts";
import type { JobRecord } from "./record.ts";

/**
 * Ends a claimed job, since nobody could make its holder stop: that one is refused with `stale_claim` at its next word. `false` when the job is in
 * nobody's hands any more.
 */
export async function cancelClaimed(
  record: JobRecord,
  job: QueuedJob,
  claims: Pick<Claims, "seize" | "fail">,
): Promise<boolean> {
  const token = await claims.seize(record);
  if (token === undefined) return false;
  return await claims.fail(job, token, { code: "cancelled", message: "Cancelled" });
}
