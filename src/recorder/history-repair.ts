import { Compile } from "typebox/compile";
import { isFinal, LANES } from "../contract/job.ts";
import { WorkData } from "../contract/worker.ts";
import type { Database } from "../db/database.ts";
import { createJobsTable, type JobEntry } from "../db/jobs-table.ts";
import { createPlacesTable, type Place } from "../db/places-table.ts";
import { patiently } from "../jobs/patience.ts";
import type { JobRecord } from "../jobs/record.ts";
import type { Records } from "../jobs/records.ts";
import type { JobSnapshot } from "../jobs/snapshot.ts";
import { type QueueEvent, transition } from "../jobs/transition.ts";
import { timeOfStreamId } from "../lib/stream-id.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";

/** `finishedOn` is told by the workers' clocks, places by that of Redis. */
const CLOCK_MARGIN_MS = 3_600_000;
const JOBS_PER_TRANSACTION = 200;

export interface RepairOptions {
  redis: RedisClient;
  keys: Keys;
  records: Pick<Records, "readMany">;
  database: Pick<Database, "db">;
  now: () => number;
}

/**
 * Makes up for entries that were lost unread, by comparing the history with the queue itself. The suspects must be named before the rest
 * of the stream is read, and compared after it: what a stream still tells is better than what a queue shows.
 */
export function createRepair({ redis, keys, records, database, now }: RepairOptions) {
  return {
    /** Jobs that may have changed in the gap: what the queue holds or finished since, and what the history believes to be open. */
    async suspects(queue: string, gapFrom: string): Promise<string[]> {
      const key = (name: string) => `${keys.bull(queue)}:${queue}:${name}`;
      const since = Math.max(0, timeOfStreamId(gapFrom) - CLOCK_MARGIN_MS);
      const { type, lane } = fromQueueName(queue);
      const lists = await Promise.all([
        ...["completed", "failed"].map((name) => redis.zrangebyscore(key(name), since, "+inf")),
        ...["prioritized", "delayed"].map((name) => redis.zrange(key(name), "0", "-1")),
        ...["wait", "paused", "active"].map((name) => redis.lrange(key(name), 0, -1)),
        lane === undefined ? [] : createJobsTable(database.db).openIds(type, lane),
      ]);
      return [...new Set(lists.flat())];
    },

    /** Compares the suspects and closes the gap. False: another reader moved the place; nothing is closed then. */
    async settle(queue: string, from: Place, suspects: readonly string[]): Promise<boolean> {
      const source = keys.events(queue);
      for (let at = 0; at < suspects.length; at += JOBS_PER_TRANSACTION) {
        const some = suspects.slice(at, at + JOBS_PER_TRANSACTION);
        if (!(await settleSome(queue, { source, from, to: from }, some))) return false;
      }
      return await settleSome(queue, { source, from, to: { ...from, gapFrom: null } }, []);
    },
  };

  async function settleSome(
    queue: string,
    { source, from, to }: { source: string; from: Place; to: Place },
    jobIds: readonly string[],
  ): Promise<boolean> {
    return await database.db.transaction().execute(async (tx) => {
      // First, since it keeps every other reader from telling something newer in between.
      if (!(await createPlacesTable(tx).move(source, from, to))) return false;
      const jobs = createJobsTable(tx);
      const entries = await jobs.load(jobIds);
      const ours = await records.readMany([...jobIds]);
      const repaired = await Promise.all(
        ours.map(async (record) => {
          const hash = await patiently(() =>
            redis.hgetall(`${keys.bull(queue)}:${queue}:${record.jobId}`),
          );
          return repair(entries.get(record.jobId), record, hash);
        }),
      );
      await jobs.upsert(repaired.filter((entry) => entry !== undefined));
      return true;
    });
  }

  /** `undefined` when nothing is amiss. */
  function repair(
    entry: JobEntry | undefined,
    record: JobRecord,
    hash: Record<string, string>,
  ): JobEntry | undefined {
    const snapshot = catchUp(entry?.snapshot, record, eventsOf(entry?.snapshot, hash, now()));
    if (snapshot === undefined || snapshot === entry?.snapshot) return undefined;
    return { snapshot, audiences: record.audiences };
  }
}

const catchUp = (
  before: JobSnapshot | undefined,
  record: JobRecord,
  events: readonly QueueEvent[],
): JobSnapshot | undefined =>
  events.reduce(
    (snapshot, event) => transition(snapshot, record, event)?.snapshot ?? snapshot,
    before,
  );

const isWorkData = Compile(WorkData);

/** The events that lead from a snapshot to what BullMQ's hash of the job says. */
export function eventsOf(
  before: JobSnapshot | undefined,
  hash: Readonly<Record<string, string>>,
  now: number,
): QueueEvent[] {
  if (hash["timestamp"] === undefined)
    return before === undefined ? [] : [{ event: "removed", at: now }];
  const run = runBaseOf(hash["data"]) + Number(hash["ats"] ?? 0);
  const known = before?.run ?? 0;
  const events: QueueEvent[] = [];
  if (before === undefined) events.push({ event: "added", at: Number(hash["timestamp"]) });
  if (run < known || (run === known && before !== undefined && isFinal(before.job.status)))
    return [];
  const startedAt = Number(hash["processedOn"] ?? now);
  // Retried by hand in between: only that opens a finished job again.
  if (before !== undefined && isFinal(before.job.status))
    events.push({ event: "waiting", prev: "failed", at: startedAt });
  for (let next = known; next < run; next += 1) events.push({ event: "active", at: startedAt });
  if (hash["finishedOn"] !== undefined) events.push(outcomeOf(hash, Number(hash["finishedOn"])));
  return events;
}

const outcomeOf = (hash: Readonly<Record<string, string>>, at: number): QueueEvent =>
  hash["failedReason"] === undefined
    ? { event: "completed", at, returnvalue: hash["returnvalue"] }
    : { event: "failed", at, failedReason: hash["failedReason"] };

function runBaseOf(text: string | undefined): number {
  try {
    const data: unknown = JSON.parse(text ?? "");
    return isWorkData.Check(data) ? data.runBase : 0;
  } catch {
    return 0;
  }
}

function fromQueueName(queue: string) {
  const dot = queue.lastIndexOf(".");
  return { type: queue.slice(0, dot), lane: LANES.find((lane) => lane === queue.slice(dot + 1)) };
}
