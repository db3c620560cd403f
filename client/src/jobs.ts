import { createListeners, type Readable } from "./cell.ts";
import type { Job, JobStatus } from "./types.ts";

/** Where a job was learnt from: an event is the order of things itself, an answer may be older than what was heard since. */
export type Origin = "event" | "answer";

/**
 * The jobs that the page knows, each as new as anybody has said: events and answers are merged, in whatever order they come, and none takes a job back. What
 * changes is told once for each frame that is drawn.
 */
export interface Jobs {
  get(jobId: string): Job | undefined;
  /** All of them, the newest first; the same list until one changes. */
  list: Readable<readonly Job[]>;
  /** Calls back when this job has changed, or gone. */
  watch(jobId: string, listener: () => void): () => void;
  /** Calls back once for each outcome: of a job that was open as far as the page knew, or that it heard the end of. */
  onOutcome(listener: (job: Job) => void): () => void;
}

export interface JobStore extends Jobs {
  take(jobs: readonly Job[], origin: Origin): void;
  drop(jobId: string): void;
}

export interface JobStoreOptions {
  /** Has `flush` called once, soon. */
  schedule?: (flush: () => void) => void;
}

export function createJobStore({ schedule = onNextFrame }: JobStoreOptions = {}): JobStore {
  const jobs = new Map<string, Job>();
  const watchers = new Map<string, ReturnType<typeof createListeners>>();
  const changes = createListeners();
  const outcomes = createListeners<[Job]>();
  const changed = new Set<string>();
  /** The newest first. */
  const order: Job[] = [];
  let shown: readonly Job[] | undefined;

  function note(jobId: string): void {
    shown = undefined;
    if (changed.size === 0) schedule(flush);
    changed.add(jobId);
  }

  function flush(): void {
    const now = [...changed];
    changed.clear();
    for (const jobId of now) watchers.get(jobId)?.call();
    changes.call();
  }

  function takeOne(job: Job, origin: Origin): void {
    const known = jobs.get(job.jobId);
    if (known !== undefined && isOlder(job, known)) return;
    jobs.set(job.jobId, job);
    order.splice(placeOf(job), known === undefined ? 0 : 1, job);
    note(job.jobId);
    const wasOpen = known === undefined ? origin === "event" : !isFinal(known.status);
    if (wasOpen && isFinal(job.status)) outcomes.call(job);
  }

  /** Where a job stands, or would stand: a thousand changes a second must not have ten thousand jobs sorted anew. */
  function placeOf(job: Job): number {
    let [from, to] = [0, order.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const other = order[middle];
      if (other !== undefined && byNewest(other, job) < 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  const list = (): readonly Job[] => (shown ??= [...order]);

  return {
    get: (jobId) => jobs.get(jobId),
    list: { get: list, subscribe: changes.add },
    watch(jobId, listener) {
      const mine = watchers.get(jobId) ?? createListeners();
      watchers.set(jobId, mine);
      return mine.add(listener);
    },
    onOutcome: outcomes.add,
    take(all, origin) {
      for (const job of all) takeOne(job, origin);
    },
    drop(jobId) {
      const known = jobs.get(jobId);
      if (known === undefined) return;
      order.splice(placeOf(known), 1);
      jobs.delete(jobId);
      note(jobId);
    },
  };
}

const RANKS: Record<JobStatus, number> = {
  queued: 0,
  processing: 1,
  completed: 2,
  failed: 2,
  cancelled: 2,
};

export const isFinal = (status: JobStatus): boolean => RANKS[status] === 2;

/**
 * `updatedAt` is the time of the event that a job's state is of, by one clock, and grows with each; a retry is later than the outcome before it. Places in line
 * change without it, so of two with one time the later word counts, unless it would go back.
 */
function isOlder(job: Job, known: Job): boolean {
  if (job.updatedAt !== known.updatedAt) return job.updatedAt < known.updatedAt;
  if (job.attempt !== known.attempt) return job.attempt < known.attempt;
  const ranks = RANKS[job.status] - RANKS[known.status];
  return ranks < 0 || (ranks === 0 && job.progress < known.progress);
}

const byNewest = (a: Job, b: Job): number =>
  compare(b.createdAt, a.createdAt) || compare(b.jobId, a.jobId);

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** A page in the background draws no frames, and has to know all the same. */
function onNextFrame(flush: () => void): void {
  const isDrawn = typeof document !== "undefined" && document.visibilityState === "visible";
  if (isDrawn) requestAnimationFrame(flush);
  else setTimeout(flush, 16);
}
