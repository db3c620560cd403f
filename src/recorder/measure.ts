import type { Audience } from "../contract/names.ts";
import type { Entry } from "../feeds/append.ts";
import { type JobRecord, ownerAudience } from "../jobs/record.ts";
import { createRunTimes, type Durations, type Took, type Waited } from "../jobs/run-times.ts";
import type { JobSnapshot } from "../jobs/snapshot.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import type { Told } from "./entries.ts";

export interface MeasureOptions {
  redis: RedisClient;
  keys: Keys;
  /** How far the estimate at a job's start was off, as a share of what it then took. */
  onEstimate?: ((queue: string, error: number) => void) | undefined;
}

/** What jobs take, learnt from what is told of them. */
export interface Measure {
  durations(queue: string): Promise<Durations>;
  /** To be called with what an audience was told; of each job only what its owner is told counts. */
  note(queue: string, audience: Audience, told: Told[], entries: Entry[]): Promise<void>;
}

const LEARNT_FROM = ["job-completed", "job-started"];

export function createMeasure({ redis, keys, onEstimate }: MeasureOptions): Measure {
  const runTimes = createRunTimes({ redis, keys });

  return {
    durations: runTimes.durations,
    async note(queue, audience, told, entries) {
      if (!entries.some(({ event }) => LEARNT_FROM.includes(event))) return;
      const own = told.filter(({ record }) => ownerAudience(record) === audience);
      const records = new Map(own.map(({ record }) => [record.jobId, record]));
      const took: Took[] = [];
      const waited: Waited[] = [];
      for (const { event, jobId, snapshot } of entries) {
        const record = records.get(jobId);
        if (record === undefined) continue;
        if (event === "job-completed") took.push(...toTook(snapshot));
        if (event === "job-started") waited.push(...toWaited(snapshot, record));
      }
      if (took.length + waited.length === 0) return;
      const known = await runTimes.durations(queue);
      for (const { bytes, ms } of took) {
        const guess = known.like(bytes)?.median;
        if (guess !== undefined) onEstimate?.(queue, Math.abs(guess - ms) / Math.max(ms, 1));
      }
      await runTimes.note(queue, { took, waited });
    },
  };
}

function toTook(text: string): Took[] {
  const { job }: JobSnapshot = JSON.parse(text);
  if (job.startedAt === null || job.finishedAt === null) return [];
  return [{ bytes: job.input.bytes, ms: Date.parse(job.finishedAt) - Date.parse(job.startedAt) }];
}

/**
 * Of a first attempt: how long it was after a pause, or since a retry by hand, is not known. Nor is it of a job that waited for another, which was not in
 * line meanwhile.
 */
function toWaited(text: string, { delayMs, parentId }: JobRecord): Waited[] {
  const { job, run }: JobSnapshot = JSON.parse(text);
  if (job.startedAt === null || run !== 1 || parentId !== null) return [];
  const at = Date.parse(job.startedAt);
  return [{ at, ms: Math.max(0, at - Date.parse(job.createdAt) - delayMs) }];
}
