import { randomUUID } from "node:crypto";
import { UnrecoverableError } from "bullmq";
import { queueName } from "../contract/names.ts";
import type { WorkError, WorkResult } from "../contract/worker.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";
import { patiently } from "./patience.ts";
import type { QueuedJob } from "./queues.ts";
import type { JobRecord } from "./record.ts";

export type Taken = "claimed" | "taken" | "delayed" | "paused" | "over";

/**
 * Claims are BullMQ's own locks, so that its events, its check for stalled jobs and its fences hold for external jobs as for all others; only the choice
 * of the job is ours. Each call fails with `unavailable` when Redis is away.
 */
export interface Claims {
  /** Moves a waiting job into the hands of a token's holder; may be repeated. */
  take(record: JobRecord, token: string): Promise<Taken>;
  /** Takes a job in hand from its holder; the new token, or `undefined` when it is in nobody's hands. */
  seize(record: JobRecord): Promise<string | undefined>;
  /** Moves the end of the lease; `false` when the token has not got the job. */
  extend(job: QueuedJob, token: string): Promise<boolean>;
  /** `false` when the token has not got the job, as with the next two; also when the link broke on the way and it was carried out. */
  complete(job: QueuedJob, token: string, result: WorkResult): Promise<boolean>;
  /** Ends the job. */
  fail(job: QueuedJob, token: string, error: WorkError): Promise<boolean>;
  /** Puts the job back in line, after the pause that its options say. */
  repeat(job: QueuedJob, token: string, error: WorkError): Promise<boolean>;
}

/** The lock of a job that is reported on by whoever likes. */
export const UNCLAIMED = "unclaimed";
/** Long, since whoever reports without a claim was never told of a lease. */
const UNCLAIMED_LEASE_MS = 3_600_000;
const SEIZED_MS = 10_000;

/** A claim names its lease, so that a heartbeat need not. */
export const newClaim = (leaseSeconds: number): string => `${leaseSeconds}.${randomUUID()}`;

export function leaseMsOf(token: string): number {
  const seconds = Number.parseInt(token, 10);
  return Number.isNaN(seconds) ? UNCLAIMED_LEASE_MS : seconds * 1000;
}

const claimScript = loadScript("claim");
const seizeScript = loadScript("seize-claim");

export function createClaims({ redis, keys }: { redis: RedisClient; keys: Keys }): Claims {
  function keysOf({ type, lane, jobId }: JobRecord, names: readonly string[]): string[] {
    const queue = queueName(type, lane);
    return [...names, jobId, `${jobId}:lock`].map((name) => keys.bullKey(queue, name));
  }

  return {
    async take(record, token) {
      const names = ["wait", "prioritized", "delayed", "active", "stalled", "events", "meta"];
      const answer = await patiently(() =>
        claimScript.run(redis, keysOf(record, names), [
          record.jobId,
          token,
          leaseMsOf(token),
          Date.now(),
        ]),
      );
      return toTaken(answer);
    },
    async seize(record) {
      const token = newClaim(SEIZED_MS / 1000);
      const answer = await patiently(() =>
        seizeScript.run(redis, keysOf(record, ["active"]), [record.jobId, token, SEIZED_MS]),
      );
      return answer === 1 ? token : undefined;
    },
    extend: (job, token) =>
      patiently(async () => (await job.extendLock(token, leaseMsOf(token))) === 1),
    complete: (job, token, result) => move(() => job.moveToCompleted(result, token, false)),
    fail: (job, token, error) => move(() => job.moveToFailed(toFinal(job, error), token, false)),
    repeat: (job, token, error) =>
      move(() => job.moveToFailed(new Error(error.message), token, false)),
  };
}

/** The attempt in hand. */
export const runOf = ({ data, attemptsStarted }: QueuedJob): number =>
  data.runBase + attemptsStarted;

/** BullMQ's own words for a job that was lost too often stay as they are: whoever reads them knows them. */
function toFinal(job: QueuedJob, error: WorkError): Error {
  const isLost = job.deferredFailure !== undefined;
  return new UnrecoverableError(
    isLost ? job.deferredFailure : JSON.stringify({ ...error, run: runOf(job) }),
  );
}

/** BullMQ's codes for a job that is gone, without a lock, not in hand, or under another lock. */
const NOT_HELD: readonly unknown[] = [-1, -2, -3, -6];

/** Can be repeated: what was carried out already is refused, since the lock went with it. */
async function move(carryOut: () => Promise<unknown>): Promise<boolean> {
  try {
    await patiently(carryOut);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && NOT_HELD.includes(thrown.code)) return false;
    throw thrown;
  }
}

const TAKEN: readonly Taken[] = ["claimed", "taken", "delayed", "paused", "over"];

function toTaken(answer: unknown): Taken {
  const taken = TAKEN.find((one) => one === answer);
  if (taken === undefined) throw new Error("Unexpected answer of the claim script");
  return taken;
}
