import { type Audience, isAudience, queueName } from "../contract/names.ts";
import { NO_SNAPSHOT, type Writer } from "../feeds/append.ts";
import type { Followers } from "../jobs/followers.ts";
import { isUnavailable } from "../jobs/patience.ts";
import type { Sign } from "../jobs/present.ts";
import type { Queues } from "../jobs/queues.ts";
import type { Records } from "../jobs/records.ts";
import type { JobSnapshot } from "../jobs/snapshot.ts";
import { waitsForParent } from "../jobs/waiting.ts";
import { inPortions } from "../lib/array.ts";
import type { Logger } from "../lib/logger.ts";
import type { RedisClient } from "../redis/connect.ts";
import { type Keys, partitionOf, toOpenMember } from "../redis/keys.ts";
import type { Replicas } from "../redis/replicas.ts";
import { findMissed, isOver } from "./diagnose.ts";
import { toEntries } from "./entries.ts";
import { FencedError, type Lease } from "./lease.ts";
import { isBehind, LATE_MS } from "./reread.ts";

export interface SweepOptions {
  redis: RedisClient;
  /** Asked before an outcome is told. */
  replicas: Pick<Replicas, "begin">;
  keys: Keys;
  partitions: number;
  records: Pick<Records, "read">;
  queues: Pick<Queues, "find">;
  followers: Pick<Followers, "look">;
  writer: Writer;
  sign: Sign;
  log: Logger;
  /** How long a snapshot has to be unchanged; 30 s. */
  unchangedMs?: number;
  /** How far behind a reader may be that counts as in time; 5 s. What happened twice as long ago, and was not told by such a one, is lost. */
  lateMs?: number;
  /** All there are, rather than the 200 of each partition that were not looked at for longest. */
  isThorough?: boolean;
}

/** A snapshot that changed more recently is left alone: its events may be on their way. */
const UNCHANGED_MS = 30_000;
const BATCH = 200;
const SOURCE = "keeper";

/**
 * Compares open jobs with BullMQ's own state, and tells what was never told: an outcome whose event was trimmed or lost, a queue that was drained, a job
 * that nothing was said of at all. Resolves to how many were mended.
 */
export async function sweep(lease: Lease, options: SweepOptions): Promise<number> {
  const { partitions, unchangedMs = UNCHANGED_MS, isThorough = false } = options;
  const before = Date.now() - unchangedMs;
  let mended = 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    for (;;) {
      const looked = await lookAt(lease, options, partition, before);
      mended += looked.mended;
      if (!isThorough || looked.count < BATCH) break;
    }
  }
  return mended;
}

async function lookAt(lease: Lease, options: SweepOptions, partition: number, before: number) {
  const { redis, keys } = options;
  const open = keys.open(partition);
  const range = ["-inf", `(${before}`, "WITHSCORES", "LIMIT", 0, BATCH] as const;
  const members = inPortions(await redis.zrangebyscore(open, ...range), 2);
  let mended = 0;
  for (const [member = "", changedAt] of members) {
    lease.signal.throwIfAborted();
    if (await tryToMend(lease, options, { member, changedAt: Number(changedAt) })) mended += 1;
    // Looked at now; the others come first next time.
    else await redis.zadd(open, "XX", Date.now(), member);
  }
  return { count: members.length, mended };
}

/** A job of an audience. */
interface OpenJob {
  audience: Audience;
  jobId: string;
  /** When it was accepted, or its snapshot changed, ms since 1970. */
  changedAt: number;
}

/** One that cannot be mended keeps no other from being looked at. */
async function tryToMend(
  lease: Lease,
  options: SweepOptions,
  { member, changedAt }: { member: string; changedAt: number },
): Promise<boolean> {
  const [audience = "", jobId = ""] = member.split("\n", 2);
  try {
    return isAudience(audience) && (await mend(lease, options, { audience, jobId, changedAt }));
  } catch (thrown) {
    if (lease.signal.aborted || thrown instanceof FencedError || isUnavailable(thrown))
      throw thrown;
    options.log.error({ err: thrown, jobId, audience }, "sweep: a job cannot be mended");
    return false;
  }
}

async function mend(
  lease: Lease,
  options: SweepOptions,
  { audience, jobId, changedAt }: OpenJob,
): Promise<boolean> {
  const { redis, keys, partitions, records, queues, writer, sign, log, lateMs = LATE_MS } = options;
  const caughtUp = options.replicas.begin();
  const partition = partitionOf(audience, partitions);
  const text = await redis.hget(keys.jobs(partition, audience), jobId);
  // Accepted a moment ago: on its way to the queue, or its reader is about to tell of it.
  if (text === null && changedAt > Date.now() - 2 * lateMs) return false;
  const record = (await records.read(jobId))?.record;
  if (record === undefined) return forget(options, audience, jobId);
  const queue = queueName(record.type, record.lane);
  if (await isBehind(redis, keys, queue, lateMs)) return false;
  const snapshot: JobSnapshot | undefined = text === null ? undefined : JSON.parse(text);
  const queued = await queues.find(record);
  if (isOver(snapshot, queued)) return forget(options, audience, jobId);
  const events = findMissed({ snapshot, record, queued, lateMs });
  if (events.length === 0) {
    // The job before it may have ended unheard.
    if (queued !== undefined && waitsForParent(queued)) await options.followers.look(record);
    return false;
  }
  const told = events.map((event) => ({ record, event: { ...event, jobId } }));
  const known = new Map(snapshot === undefined ? [] : [[jobId, snapshot]]);
  const made = toEntries(told, known, `sweep:${jobId}`, sign);
  if (made.entries.length === 0) return false;
  if (!made.entries.every(({ isOpen }) => isOpen)) await caughtUp([keys.events(queue)]);
  const expectedRef = (await redis.hget(keys.meta(partition, audience), `ref:${SOURCE}`)) ?? "";
  const { fence, holder } = lease;
  const entries = made.entries.map((entry) => ({ ...entry, madeFrom: text ?? NO_SNAPSHOT }));
  const answer = await writer.append({
    audience,
    source: SOURCE,
    fence,
    holder,
    expectedRef,
    ref: `${Date.now()}-0`,
    entries,
  });
  if (answer.outcome === "fenced") throw new FencedError(answer.fence);
  if (answer.outcome === "ok")
    log.warn(
      { jobId, audience, events: events.map(({ event }) => event) },
      "sweep: told what was never told",
    );
  return answer.outcome === "ok";
}

/** Nothing is left of the job that could be told. */
async function forget(
  { redis, keys, partitions }: SweepOptions,
  audience: Audience,
  jobId: string,
): Promise<boolean> {
  const partition = partitionOf(audience, partitions);
  await redis.zrem(keys.open(partition), toOpenMember(audience, jobId));
  await redis.zrem(keys.openJobs(partition, audience), jobId);
  return false;
}
