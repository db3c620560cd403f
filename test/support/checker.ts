import type { Redis } from "ioredis";
import { parseCursor } from "../../src/contract/cursor.ts";
import { userAudience } from "../../src/contract/names.ts";
import { fromPairs } from "../../src/lib/array.ts";
import { type Keys, partitionOf } from "../../src/redis/keys.ts";
import type { Heard, Witness } from "./witness.ts";

export interface CheckOptions {
  redis: Redis;
  keys: Keys;
  partitions: number;
  witnesses: Witness[];
  /** Ids of the jobs that were accepted, by user. */
  accepted: ReadonlyMap<string, string[]>;
}

/** Holds what each client heard against the feeds; one line for each breach of an invariant of the design, none when all is well. */
export async function findBreaches(options: CheckOptions): Promise<string[]> {
  const { redis, keys, partitions, witnesses, accepted } = options;
  const breaches: string[] = [];
  for (const witness of witnesses) {
    const { userId } = witness;
    const feed = userAudience(userId);
    const log = await redis.xrange(keys.log(partitionOf(feed, partitions), feed), "-", "+");
    const facts = log.map(([id, flat]) => ({ seq: Number(id.split("-")[0]), ...fromPairs(flat) }));
    const jobs = new Set(accepted.get(userId));
    const found = [
      ...findGaps(witness.heard, feed, facts),
      ...findEarly(witness.heard, feed),
      ...findMissingOutcomes(witness, jobs),
      ...findTakenBack(witness.heard),
      ...findForeign(witness.heard, userId, feed),
      ...findDoubleWork(facts, jobs),
      ...findBackwards(witness.heard),
    ];
    breaches.push(...found.map((breach) => `${witness.name}: ${breach}`));
  }
  return breaches;
}

interface StoredFact extends Record<string, string | number | undefined> {
  seq: number;
}

/** I1, I8: the facts of the feed, each once, in order, from the first to the last. */
function findGaps(heard: Heard[], feed: string, facts: StoredFact[]): string[] {
  const told = heard.filter(
    ({ data }) => data?.feed === feed && data.cursor !== undefined && data.eventId !== undefined,
  );
  const resyncs = heard
    .filter(({ event }) => event === "resync")
    .map(() => "I1 resync, though nothing was lost");
  const seqs = told.map(({ data }) => parseCursor(data.cursor)?.seq ?? Number.NaN);
  const holes = seqs.flatMap((seq, i) =>
    seq === i + 1 ? [] : [`I1 fact ${seq} came as number ${i + 1}`],
  );
  const stored = facts.map(({ seq, e, j }) => `${seq} ${e} ${j}`).join("\n");
  const mine = told.map(({ event, data }, i) => `${seqs[i]} ${event} ${data.jobId}`).join("\n");
  const differs =
    stored === mine
      ? []
      : [`I1 heard ${told.length} facts, the feed holds ${facts.length}, or they differ`];
  return [...resyncs, ...holes.slice(0, 3), ...differs];
}

/** I1: what comes before `ready` is the replay, and `ready` stands where that ended. */
function findEarly(heard: Heard[], feed: string): string[] {
  const breaches: string[] = [];
  let welcomedOn = 0;
  let last: string | undefined;
  for (const { event, data, connection } of heard) {
    if (event === "ready") {
      welcomedOn = connection;
      const stand = data.cursors?.[feed];
      if (stand !== (last ?? stand)) breaches.push(`I1 heard up to ${last}, and ready at ${stand}`);
    }
    if (event === "job-progress" && connection !== welcomedOn)
      breaches.push(`I1 ${event} of ${data.jobId} before ready`);
    if (data?.feed === feed && data.cursor !== undefined) last = data.cursor;
  }
  return breaches;
}

/** I2: every accepted job's outcome is heard. */
const findMissingOutcomes = (witness: Witness, jobs: ReadonlySet<string>): string[] =>
  [...jobs].filter((job) => !witness.outcomes().has(job)).map((job) => `I2 no outcome of ${job}`);

/** I3, I6: after an outcome nothing is said of a job. */
function findTakenBack(heard: Heard[]): string[] {
  const ended = new Set<string>();
  const breaches: string[] = [];
  for (const { event, data } of heard) {
    if (!event.startsWith("job-") || data.jobId === undefined) continue;
    if (ended.has(data.jobId)) breaches.push(`I3 ${event} of ${data.jobId} after its outcome`);
    if (["job-completed", "job-failed", "job-cancelled"].includes(event)) ended.add(data.jobId);
  }
  return breaches;
}

/** I4: nobody hears of what is not theirs. */
const findForeign = (heard: Heard[], userId: string, feed: string): string[] =>
  heard
    .filter(
      ({ event, data }) =>
        event.startsWith("job-") && (data.userId !== userId || (data.feed ?? feed) !== feed),
    )
    .map(({ event, data }) => `I4 ${event} of ${data.userId} on ${data.feed}`);

/** I5: what was accepted is in the feed, begins, and ends once. */
function findDoubleWork(facts: StoredFact[], jobs: ReadonlySet<string>): string[] {
  const queued = facts.filter(({ e }) => e === "job-queued").map(({ j }) => String(j));
  const started = facts.filter(({ e }) => e === "job-started").map(({ j }) => String(j));
  const ended = facts.filter(({ e }) => e === "job-completed").map(({ j }) => String(j));
  const lost = [...jobs]
    .filter((job) => !queued.includes(job))
    .map((job) => `I5 ${job} was accepted and lost`);
  const extra = queued
    .filter((job) => !jobs.has(job))
    .map((job) => `I5 ${job} was made without an answer`);
  const doubled = ended
    .filter((job, i) => ended.indexOf(job) !== i)
    .map((job) => `I5 ${job} ended twice`);
  const sudden = ended
    .filter((job) => !started.includes(job))
    .map((job) => `I5 ${job} ended without a beginning`);
  return [...lost, ...extra, ...doubled, ...sudden];
}

/** I6: within an attempt progress only grows, and attempts only grow. */
function findBackwards(heard: Heard[]): string[] {
  const last = new Map<string, { attempt: number; progress: number }>();
  const breaches: string[] = [];
  for (const { event, data } of heard) {
    if (!event.startsWith("job-") || data.jobId === undefined) continue;
    const { attempt = 0, progress = 0 } = data;
    const before = last.get(data.jobId) ?? { attempt: 0, progress: 0 };
    const isBack =
      attempt < before.attempt || (attempt === before.attempt && progress < before.progress);
    if (isBack)
      breaches.push(
        `I6 ${data.jobId} went from ${before.attempt}/${before.progress} % to ${attempt}/${progress} %`,
      );
    last.set(data.jobId, { attempt, progress });
  }
  return breaches;
}
