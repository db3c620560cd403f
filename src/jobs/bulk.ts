import type { BulkAnswer, BulkRequest } from "../contract/admin.ts";
import type { JobStatus } from "../contract/job.ts";
import type { Caller } from "../contract/tokens.ts";
import { JobcastError } from "../errors.ts";
import { requireAdmin } from "./access.ts";
import type { Jobs } from "./jobs.ts";
import { toPageCursor } from "./page-cursor.ts";

/**
 * Finished jobs of everyone's, many at once; their owners hear of each as if it were the only one. Looks at 10,000 jobs at most, the newest, and begins none after
 * 15 s: what is left is done by another call. Fails with `forbidden`, `invalid`, and `unavailable` when nothing could be done.
 */
export interface BulkJobs {
  /** Of failed and cancelled ones. */
  retryMany(request: BulkRequest, caller: Caller): Promise<BulkAnswer>;
  /** Of all that have finished, with their files. */
  removeMany(request: BulkRequest, caller: Caller): Promise<BulkAnswer>;
}

export interface BulkDeps extends Pick<Jobs, "list" | "retry" | "remove"> {
  now: () => number;
}

const MAX_JOBS = 10_000;
const PAGE = 200;
const AT_ONCE = 16;
/** A client's own patience, and that of a proxy, is longer. */
const BUDGET_MS = 15_000;
/** Before any id, so that what was created at the very time is left out. */
const FIRST_ID = "!";

export function createBulk({ list, retry, remove, now }: BulkDeps): BulkJobs {
  async function find(request: BulkRequest, caller: Caller): Promise<string[]> {
    const { status, type, createdBefore } = request;
    const found: string[] = [];
    let cursor = createdBefore === undefined ? undefined : cursorBefore(createdBefore);
    do {
      const query = { userId: "*", status, limit: PAGE };
      const page = await list(
        {
          ...query,
          ...(type === undefined ? {} : { type }),
          ...(cursor === undefined ? {} : { cursor }),
        },
        caller,
      );
      found.push(...page.items.map(({ jobId }) => jobId));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && found.length < MAX_JOBS);
    return found.slice(0, MAX_JOBS);
  }

  async function toEach(
    jobIds: string[],
    act: (jobId: string) => Promise<unknown>,
  ): Promise<BulkAnswer> {
    const deadline = now() + BUDGET_MS;
    const waiting = jobIds.values();
    let done = 0;
    let broken: unknown;
    const hand = async () => {
      for (const jobId of waiting) {
        if (broken !== undefined || now() > deadline) return;
        try {
          await act(jobId);
          done += 1;
        } catch (thrown) {
          // Somebody else retried or removed it meanwhile.
          if (!(thrown instanceof JobcastError) || thrown.status >= 500) broken = thrown;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, hand));
    if (broken !== undefined && done === 0) throw broken;
    return { matched: jobIds.length, done };
  }

  return {
    async retryMany(request, caller) {
      requireAdmin(caller);
      requireStatuses(request, ["failed", "cancelled"]);
      return await toEach(await find(request, caller), (id) => retry(id, caller));
    },
    async removeMany(request, caller) {
      requireAdmin(caller);
      requireStatuses(request, ["completed", "failed", "cancelled"]);
      return await toEach(await find(request, caller), (id) => remove(id, caller));
    },
  };
}

function requireStatuses({ status }: BulkRequest, allowed: readonly JobStatus[]): void {
  const asked = status.split(",").map((word) => word.trim());
  if (asked.every((word) => allowed.some((one) => one === word))) return;
  throw invalid("/status", `Must be any of ${allowed.join(", ")}`);
}

function cursorBefore(text: string): string {
  const createdAt = new Date(text);
  if (Number.isNaN(createdAt.getTime()) || createdAt.getTime() < 0)
    throw invalid("/createdBefore", "Must be a time in ISO 8601");
  return toPageCursor({ createdAt, jobId: FIRST_ID });
}

const invalid = (path: string, message: string): JobcastError =>
  new JobcastError("invalid", `${path.slice(1)}: ${message}`, { fields: [{ path, message }] });
