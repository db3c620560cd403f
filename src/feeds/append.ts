import type { Audience, FeedEventName } from "../contract/names.ts";
import { isFinal, type JobStatus } from "../contract/job.ts";
import { inPortions } from "../lib/array.ts";
import { randomToken } from "../lib/random.ts";
import type { RedisClient } from "../redis/connect.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import { isRefusal } from "../redis/refusal.ts";
import { loadScript } from "../redis/script.ts";

/** What one event of a source says to an audience. */
export interface Entry {
  /** `silent` changes the snapshot and tells nobody. */
  kind: "fact" | "gauge" | "silent";
  event: FeedEventName | "";
  jobId: string;
  /** JSON object; of a fact without the closing brace, since its number is known only where it is stored. */
  body: string;
  snapshot: string;
  isOpen: boolean;
  /** Of the job, ms since 1970: open ones are shown by it. */
  createdAt: number;
  /** Apply only if the snapshot is still this one; `NO_SNAPSHOT` if there is to be none. */
  madeFrom?: string;
  /** The batch of the audience's that the job is in, and what the job is to it from now on. */
  batch?: BatchShare;
}

/** Stands for the snapshot of a job that nothing was told of: no JSON, so that it is none of those there are. */
export const NO_SNAPSHOT = "none";

export interface BatchShare {
  batchId: string;
  status: JobStatus;
  /** In percent. */
  progress: number;
  /** ISO 8601. */
  at: string;
}

/** By which right a source's reader writes. */
export interface Claim {
  source: string;
  fence: number;
  holder: string;
  /** Looked at after the last wait, right before a call is sent: what was read may be out of date by then. */
  signal?: AbortSignal | undefined;
}

/** What a source says to an audience. */
export interface FeedUpdate {
  audience: Audience;
  /** The last ref of the source that was applied to this audience, as the reader knows it, and the one to be noted. */
  expectedRef: string;
  ref: string;
  /** The last ref of the keeper, which is the only other one to change snapshots of open jobs; compared where it is given. */
  sweptRef?: string | undefined;
  entries: Entry[];
}

export interface Append extends Claim, FeedUpdate {}

export type Appended =
  | { outcome: "ok"; tailId: string; generation: string }
  /** Something of the source was applied since: read `lastRef` and the snapshots again. */
  | { outcome: "moved"; lastRef: string }
  /** Another reader has taken the source over, with this fence. */
  | { outcome: "fenced"; fence: number };

/** An update with what became of it. */
export interface Answered<Update> {
  update: Update;
  answer: Appended | { outcome: "failed"; reason: unknown };
}

export interface WriterOptions {
  /** A strict connection: see `openStrictRedis`. */
  redis: RedisClient;
  keys: Keys;
  partitions: number;
  maxFacts: number;
  ttlHours: number;
  continuity: Continuity;
}

/** What stands between a writer and a Redis that may have lost something. */
export interface Continuity {
  /** Resolves when it is safe to write. */
  ensure(): Promise<void>;
  /** Redis has acknowledged this entry of a tail. */
  note(partition: number, tailId: string, generation: string): void;
  /** The newest entry of a tail that was acknowledged, "" for none: sent with each write, since the connection may be to another server by then. */
  mark(partition: number): string;
  /** A write was refused because the entry is not there: the next `ensure` looks again. */
  doubt(): void;
}

/**
 * Writes into feeds. An update is one step: either all its entries are numbered, stored and told, with the ref that stands for them, or none is.
 * Batches are counted in it as well: one is told of as finished right after the last of its jobs, and as a gauge once in an update that changes it.
 * One whose answer was lost may be made again: if it had been applied, the answer is `moved`.
 */
export interface Writer {
  append(append: Append): Promise<Appended>;
  /**
   * Updates of different audiences, those of a partition together. Resolves when every one has its answer, in any order; one that Redis refuses for what
   * it finds there takes none of the others with it.
   */
  appendAll<Update extends FeedUpdate>(
    claim: Claim,
    updates: readonly Update[],
  ): Promise<Answered<Update>[]>;
}

const HOUR_MS = 3_600_000;
/** Longer than any log, so that a cursor into a log that has expired is known for what it is. */
export const META_TTL_MS = 30 * 24 * HOUR_MS;

/** Longer calls would keep everybody else from Redis for milliseconds. */
const MOST_TOGETHER = 64;

const script = loadScript("append");

export function createWriter({
  redis,
  keys,
  partitions,
  maxFacts,
  ttlHours,
  continuity,
}: WriterOptions): Writer {
  const ttlMs = ttlHours * HOUR_MS;
  const limits = [maxFacts, ttlMs, Math.max(META_TTL_MS, ttlMs), ttlMs];

  /** Updates of one partition, in one call; resolves to their answers in order. */
  async function write(
    { source, fence, holder, signal }: Claim,
    partition: number,
    updates: readonly FeedUpdate[],
  ): Promise<Appended[]> {
    const keyList = [keys.tail(partition), keys.partition(partition), keys.open(partition)];
    const told: (string | number)[] = [];
    for (const update of updates) {
      const batchIds = [...new Set(update.entries.flatMap(({ batch }) => batch?.batchId ?? []))];
      keyList.push(...toKeys(keys, partition, update.audience, batchIds));
      told.push(...toArguments(update, batchIds));
    }
    const reply = await whole(continuity, signal, () => {
      const begin = [newGeneration(), newEpoch(), continuity.mark(partition)];
      return script.run(redis, keyList, [source, fence, holder, ...begin, ...limits, ...told]);
    });
    const answers = toAppended(reply, updates.length);
    const newest = answers.findLast((answer) => answer.outcome === "ok" && answer.tailId !== "");
    if (newest?.outcome === "ok") continuity.note(partition, newest.tailId, newest.generation);
    return answers;
  }

  async function attempt<Update extends FeedUpdate>(
    claim: Claim,
    partition: number,
    updates: readonly Update[],
  ): Promise<Answered<Update>[]> {
    try {
      const answers = await write(claim, partition, updates);
      return updates.map((update, i) => ({ update, answer: answers[i] ?? unexpected() }));
    } catch (reason) {
      // Nothing was written. What Redis refuses may be one of them only.
      if (updates.length > 1 && isRefusal(reason))
        return await all(updates.map((update) => attempt(claim, partition, [update])));
      return updates.map((update) => ({ update, answer: { outcome: "failed", reason } }));
    }
  }

  return {
    async append({ audience, expectedRef, ref, sweptRef, entries, ...claim }) {
      const update = { audience, expectedRef, ref, sweptRef, entries };
      const [answer] = await write(claim, partitionOf(audience, partitions), [update]);
      return answer ?? unexpected();
    },
    async appendAll(claim, updates) {
      const byPartition = Map.groupBy(updates, ({ audience }) => partitionOf(audience, partitions));
      const portions = Array.from(byPartition, ([partition, group]) =>
        inPortions(group, MOST_TOGETHER).map((portion) => attempt(claim, partition, portion)),
      );
      return await all(portions.flat());
    },
  };
}

const all = async <T>(lists: Promise<T[]>[]): Promise<T[]> => (await Promise.all(lists)).flat();

/** Makes a write when nothing that was acknowledged is missing; again, if it turns out to be missing where the write arrives. */
export async function whole(
  continuity: Pick<Continuity, "ensure" | "doubt">,
  signal: AbortSignal | undefined,
  write: () => Promise<unknown>,
): Promise<unknown> {
  for (;;) {
    await continuity.ensure();
    signal?.throwIfAborted();
    const reply = await write();
    if (!(Array.isArray(reply) && reply[0] === "lost")) return reply;
    continuity.doubt();
  }
}

/** Times differ between generations, so that no number is ever used twice under one name. */
export const newGeneration = (): string => Date.now().toString(36);
export const newEpoch = (): string => randomToken(6);

const toKeys = (keys: Keys, partition: number, audience: Audience, batchIds: string[]) => [
  keys.log(partition, audience),
  keys.meta(partition, audience),
  keys.jobs(partition, audience),
  keys.openJobs(partition, audience),
  keys.doneJobs(partition, audience),
  keys.accepted(partition, audience),
  ...batchIds.map((batchId) => keys.batch(partition, audience, batchId)),
];

function toArguments(update: FeedUpdate, batchIds: string[]): (string | number)[] {
  const { audience, expectedRef, ref, sweptRef = "*", entries } = update;
  const whose = [batchIds.length, entries.length, audience, JSON.stringify(audience)];
  return [
    ...whose,
    expectedRef,
    ref,
    sweptRef,
    ...entries.flatMap((entry) => toEntryArguments(entry, batchIds)),
  ];
}

const toEntryArguments = (entry: Entry, batchIds: string[]): string[] => [
  entry.kind,
  entry.event,
  entry.jobId,
  entry.body,
  entry.snapshot,
  entry.isOpen ? "open" : "done",
  entry.madeFrom ?? "",
  String(entry.createdAt),
  entry.batch === undefined ? "" : toShare(entry.batch, batchIds),
];

const toShare = ({ batchId, status, progress, at }: BatchShare, batchIds: string[]): string =>
  `${batchIds.indexOf(batchId) + 1} ${status} ${isFinal(status) ? 1000 : toTenths(progress)} ${at}`;

/** Whole, since JavaScript writes small fractions as `1e-7`, which is no number to the script. */
const toTenths = (percent: number): number => Math.floor(percent * 10);

/** As many as there were updates. */
function toAppended(reply: unknown, updates: number): Appended[] {
  const [outcome, value, ...answers] = Array.isArray(reply) ? reply : [];
  if (outcome === "fenced")
    return Array.from({ length: updates }, () => ({ outcome, fence: Number(value) }));
  if (outcome !== "done") return unexpected();
  return answers.map((answer: unknown) => {
    const [each, said = ""] = Array.isArray(answer) ? answer.map(String) : [];
    if (each === "ok") return { outcome: each, tailId: said, generation: String(value) };
    if (each === "moved") return { outcome: each, lastRef: said };
    return unexpected();
  });
}

function unexpected(): never {
  throw new Error("Unexpected answer of the append script");
}
