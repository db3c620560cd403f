import type { Found } from "./breach.ts";
import type { FeedFacts } from "./place.ts";
import type { Beliefs } from "./told-jobs.ts";

/** How a job stands in its queue. */
export type QueueState = "open" | "completed" | "failed";

/** What was accepted, and what became of it. */
export interface JobsTruth {
  /** Jobs that got an answer, by user. */
  accepted: ReadonlyMap<string, ReadonlySet<string>>;
  /** When each was first sent, ms since 1970. */
  sent: ReadonlyMap<string, number>;
  /** All that the queues hold, by job. */
  queued: ReadonlyMap<string, QueueState>;
  /** Jobs that a fault was allowed to lose. */
  excused: ReadonlySet<string>;
  mayFail: boolean;
}

const OUTCOMES: Record<string, string> = {
  "job-completed": "completed",
  "job-failed": "failed",
  "job-cancelled": "cancelled",
};

export interface Knowing {
  userId: string;
  /** What was sent before it was first there need not be known to it; ms since 1970. */
  since: number;
  beliefs: Beliefs;
}

/** I2: a device knows the outcome of each of its user's jobs, and it is the one that the queue has. */
export function findUntold({ userId, since, beliefs }: Knowing, truth: JobsTruth): Found[] {
  const { accepted, sent, excused, queued } = truth;
  const mine = [...(accepted.get(userId) ?? [])];
  const due = mine.filter((job) => !excused.has(job) && (sent.get(job) ?? 0) > since);
  return due.flatMap((job): Found[] => {
    const heard = beliefs.ended.get(job);
    const known = heard === undefined ? beliefs.read.get(job) : OUTCOMES[heard];
    const stored = queued.get(job);
    if (known === undefined) return [i2("no outcome", job, `of ${job}, in its queue ${stored}`)];
    if (known === stored || stored === undefined) return [];
    return [i2("other outcome", job, `${job} is ${stored}, and was told as ${known}`)];
  });
}

/** Accepted jobs that are in no queue, or have not ended. */
export const listLost = ({ accepted, queued }: JobsTruth): string[] =>
  [...accepted.values()]
    .flatMap((jobs) => [...jobs])
    .filter((job) => (queued.get(job) ?? "open") === "open");

/** I5: what was accepted is in its queue and ends; nothing is there that nobody asked for. */
export function findLost({ accepted, queued, excused, mayFail }: JobsTruth): Found[] {
  const all = new Set([...accepted.values()].flatMap((jobs) => [...jobs]));
  const expected = [...all].filter((job) => !excused.has(job));
  const found = expected.flatMap((job): Found[] => {
    const state = queued.get(job);
    if (state === undefined) return [i5("lost", job, `${job} is in no queue`)];
    if (state === "open") return [i5("lost", job, `${job} has not ended`)];
    if (state === "failed" && !mayFail) return [i5("failed", job, `${job} failed`)];
    return [];
  });
  const extra = [...queued.keys()].filter((job) => !all.has(job) && !excused.has(job));
  return [...found, ...extra.map((job) => i5("doubled", job, `${job} unasked`))];
}

/** I5: in its feed each job is queued once, begins before it ends, and ends once. */
export function findDoubleWork({ facts }: FeedFacts): Found[] {
  const told = new Map<string, Set<string>>();
  const found: Found[] = [];
  for (const fact of facts.values()) {
    const [event = "", job = ""] = fact.split(" ");
    const before = told.get(job) ?? new Set();
    told.set(job, before);
    const isOutcome = event in OUTCOMES;
    const hasEnded = Object.keys(OUTCOMES).some((outcome) => before.has(outcome));
    if ((isOutcome && hasEnded) || (event === "job-queued" && before.has(event)))
      found.push(i5("doubled", job, `${event} of ${job} twice`));
    if (event === "job-completed" && !before.has("job-started") && before.has("job-queued"))
      found.push(i5("doubled", job, `${job} ended without a beginning`));
    before.add(event);
  }
  return found;
}

const of =
  (invariant: Found["invariant"]) =>
  (kind: Found["kind"], jobId: string, detail: string): Found => ({
    invariant,
    kind,
    jobId,
    detail,
  });
const i2 = of("I2");
const i5 = of("I5");
