import { type Job, isFinal } from "../contract/job.ts";
import { EXTERNAL } from "../contract/job-types/external.ts";
import { queueName } from "../contract/names.ts";
import { cached } from "../lib/cached.ts";
import type { Logger } from "../lib/logger.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { toSeconds, untilDone, untilDoneRunning } from "./estimate.ts";
import { createReadStanding, type Place, type Standing } from "./positions.ts";
import { createRunTimes, type Durations } from "./run-times.ts";
import { type StoredJob, WAITS_STEP } from "./snapshot.ts";
import { isUntilLetGo } from "./waiting.ts";
import { createWorkerRegistry, slotsOf } from "./worker-registry.ts";

/** What is shown of a waiting job beside what its feed has told. */
export type Prospect = Pick<Job, "queuePosition" | "estimatedTime" | "step">;

export interface Waiting {
  jobId: string;
  /** Of its input. */
  bytes: number | null;
}

/** Where waiting jobs stand, how long it will be, and why they do not move: as of now. */
export interface Outlook {
  /** Of those that are neither in line nor delayed nothing is said: they were taken a moment ago. Fails when Redis cannot say. */
  ofWaiting(
    lineup: Pick<StoredJob, "type" | "lane">,
    jobs: Waiting[],
  ): Promise<Map<string, Prospect>>;
  /** The jobs with all that is known of those that are open; when Redis cannot say, as they are. In their order. */
  show(jobs: StoredJob[]): Promise<StoredJob[]>;
}

export interface OutlookOptions {
  redis: RedisClient;
  keys: Keys;
  log: Logger;
  now?: () => number;
}

/** Workers do not change in a moment. */
const WORKERS_TTL_MS = 1000;

export function createOutlook({ redis, keys, log, now = Date.now }: OutlookOptions): Outlook {
  const readStanding = createReadStanding({ redis, keys });
  const runTimes = createRunTimes({ redis, keys, now });
  const registry = createWorkerRegistry({ redis, keys });
  const workers = cached(WORKERS_TTL_MS, registry.read, now);

  async function ofWaiting(
    lineup: Pick<StoredJob, "type" | "lane">,
    jobs: Waiting[],
  ): Promise<Map<string, Prospect>> {
    const queue = queueName(lineup.type, lineup.lane);
    const [alive, durations] = await Promise.all([workers(""), runTimes.durations(queue)]);
    // Last, so that it is as of now.
    const standing = await readStanding(
      queue,
      jobs.map(({ jobId }) => jobId),
    );
    // Workers in other languages do not say that they are there, but take jobs all the same.
    const slots = slotsOf(alive, queue) || standing.active;
    const line = { ...lineup, standing, durations, slots, now: now() };
    const prospects = new Map<string, Prospect>();
    for (const { jobId, bytes } of jobs) {
      const place = standing.places.get(jobId);
      if (place?.position === undefined && place?.dueAt === undefined) continue;
      prospects.set(jobId, toProspect(line, place, bytes));
    }
    return prospects;
  }

  async function showLane(jobs: StoredJob[]): Promise<StoredJob[]> {
    const [first] = jobs;
    if (first === undefined) return [];
    const waiting = jobs.filter(({ status }) => status === "queued").map(toWaiting);
    const durations = await runTimes.durations(queueName(first.type, first.lane));
    const prospects = waiting.length === 0 ? undefined : await ofWaiting(first, waiting);
    return jobs.map((job) =>
      job.status === "queued"
        ? { ...job, ...prospects?.get(job.jobId) }
        : { ...job, estimatedTime: estimateRunning(job, durations, now()) },
    );
  }

  return {
    ofWaiting,
    async show(jobs) {
      const open = jobs.filter(({ status }) => !isFinal(status));
      if (open.length === 0) return jobs;
      const lanes = Map.groupBy(open, ({ type, lane }) => queueName(type, lane));
      try {
        const shown = (await Promise.all(Array.from(lanes.values(), showLane))).flat();
        const byId = new Map(shown.map((job) => [job.jobId, job]));
        return jobs.map((job) => byId.get(job.jobId) ?? job);
      } catch (err) {
        log.debug({ err }, "jobs are shown without their places in line");
        return jobs;
      }
    },
  };
}

export const toWaiting = ({ jobId, input }: Pick<StoredJob, "jobId" | "input">): Waiting => ({
  jobId,
  bytes: input.bytes,
});

/** Seconds until a job in hand is completed; `null` when nothing is known of others like it. */
export function estimateRunning(job: StoredJob, durations: Durations, now: number): number | null {
  const own = durations.like(job.input.bytes);
  if (own === undefined || job.startedAt === null) return null;
  const elapsedMs = Math.max(0, now - Date.parse(job.startedAt));
  return toSeconds(untilDoneRunning({ elapsedMs, progress: job.progress, own }));
}

interface Line extends Pick<StoredJob, "type" | "lane"> {
  standing: Standing;
  durations: Durations;
  slots: number;
  now: number;
}

function toProspect(line: Line, { position, dueAt }: Place, bytes: number | null): Prospect {
  return {
    queuePosition: position ?? null,
    estimatedTime: estimateWaiting(line, { position, dueAt }, bytes),
    step: reasonOf(line, dueAt),
  };
}

function estimateWaiting(
  { standing, durations, slots, now }: Line,
  { position, dueAt }: Place,
  bytes: number | null,
): number | null {
  const own = durations.like(bytes);
  const ahead = durations.all ?? own;
  if (dueAt !== undefined && isUntilLetGo(dueAt)) return null;
  if (own === undefined || ahead === undefined || slots === 0 || standing.isPaused) return null;
  if (dueAt !== undefined) return toSeconds(dueAt - now + own.median);
  const { active, limitedMs } = standing;
  return toSeconds(limitedMs + untilDone({ position: position ?? 1, slots, active, ahead, own }));
}

/** Why a job does not move; `null` when it simply waits for its turn. */
function reasonOf({ type, lane, standing, slots }: Line, dueAt: number | undefined): string | null {
  if (dueAt !== undefined && isUntilLetGo(dueAt)) return WAITS_STEP;
  if (dueAt !== undefined) return `Delayed until ${new Date(dueAt).toISOString()}`;
  if (standing.isPaused) return `The ${lane} lane for jobs of type ${type} is paused`;
  if (slots === 0 && type === EXTERNAL) return "Waits for a service to claim it";
  if (slots === 0) return `No worker for jobs of type ${type} in the ${lane} lane is running`;
  if (standing.limitedMs > 0) return "Held back by a rate limit";
  return null;
}
