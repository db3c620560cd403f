import type { Found } from "./breach.ts";
import { type Heard, isFact, isOutcome, tellsOfJob } from "./heard.ts";

/** What a device believes of its user's jobs, from one round to the next. */
export interface Beliefs {
  /** Outcomes that it was told, by job. */
  ended: Map<string, string>;
  /** Outcomes that it read over HTTP after a `resync`. */
  read: Map<string, string>;
  progress: Map<string, { attempt: number; progress: number }>;
}

export const startBeliefs = (): Beliefs => ({
  ended: new Map(),
  read: new Map(),
  progress: new Map(),
});

/** A token is good for so much longer than it says, since clocks differ. */
const LEEWAY_MS = 5000;

export interface ToldOptions {
  beliefs: Beliefs;
  heard: readonly Heard[];
  userId: string;
  /** The user's own. */
  feed: string;
}

/** I3, I4, I6: nothing is taken back, nobody hears of what is not theirs, progress only grows. Moves the beliefs on. */
export function followJobs({ beliefs, heard, userId, feed }: ToldOptions): Found[] {
  const found: Found[] = [];
  for (const one of heard) {
    if (one.event === "dismissed")
      found.push({ invariant: "I1", kind: "dismissed", detail: "sent away for good" });
    if (one.event === "resync") forget(beliefs);
    if (one.event === "state") beliefs.read.set(one.jobId ?? "", one.status ?? "");
    if (one.event === "ready") found.push(...findReopened(beliefs, one));
    if (isFact(one)) found.push(...findExpired(one));
    if (!tellsOfJob(one)) continue;
    found.push(...findForeign(one, userId, feed), ...findTakenBack(beliefs, one));
    found.push(...findBackwards(beliefs, one));
    if (isOutcome(one)) beliefs.ended.set(one.jobId ?? "", one.event);
  }
  return found;
}

/** The state that is fetched then may be an older one. */
function forget({ ended, progress }: Beliefs): void {
  ended.clear();
  progress.clear();
}

function findReopened({ ended }: Beliefs, { open = [] }: Heard): Found[] {
  return open
    .filter((jobId) => ended.has(jobId))
    .map((jobId) => ({
      invariant: "I3",
      kind: "taken back",
      detail: `ready shows ${jobId} as open after ${ended.get(jobId)}`,
    }));
}

function findTakenBack({ ended }: Beliefs, one: Heard): Found[] {
  const outcome = ended.get(one.jobId ?? "");
  if (outcome === undefined) return [];
  const detail = `${one.event} of ${one.jobId} after ${outcome}`;
  return [
    isFact(one)
      ? { invariant: "I3", kind: "taken back", detail }
      : { invariant: "I6", kind: "late word", detail },
  ];
}

function findForeign(one: Heard, userId: string, feed: string): Found[] {
  if (one.userId === userId && (one.feed ?? feed) === feed) return [];
  const detail = `${one.event} of ${one.userId} on ${one.feed ?? "no feed"}`;
  return [{ invariant: "I4", kind: "foreign", detail }];
}

/** Made after the token had run out; what was made before may have been on its way. */
function findExpired(one: Heard): Found[] {
  const lateMs = (one.madeAt ?? 0) - one.goodUntil;
  if (lateMs <= LEEWAY_MS) return [];
  const detail = `${one.event} made ${lateMs} ms after the token ran out`;
  return [{ invariant: "I4", kind: "expired", detail }];
}

function findBackwards({ progress: known }: Beliefs, one: Heard): Found[] {
  const { jobId = "", attempt = 0, progress = 0 } = one;
  const before = known.get(jobId) ?? { attempt: 0, progress: 0 };
  known.set(jobId, { attempt, progress });
  const isBack =
    attempt < before.attempt || (attempt === before.attempt && progress < before.progress);
  if (!isBack) return [];
  const detail = `${jobId} went from ${before.attempt}/${before.progress} % to ${attempt}/${progress} %`;
  return [{ invariant: "I6", kind: "backwards", detail }];
}
