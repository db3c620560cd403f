import type { Audience, FeedEventName } from "../contract/names.ts";
import { isFinal, type JobStatus } from "../contract/job.ts";
import { randomToken } from "../lib/random.ts";
import type { RedisClient } from "../redis/connect.ts";
import { feedKeys, type Keys, partitionOf } from "../redis/keys.ts";
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
  /** Apply only if the snapshot is still this one. */
  madeFrom?: string;
  /** The batch of the audience's that the job is in, and what the job is to it from now on. */
  batch?: BatchShare;
}

export interface BatchShare {
  batchId: string;
  status: JobStatus;
  /** In percent. */
  progress: number;
  /** ISO 8601. */
  at: string;
}

export interface Append {
  audience: Audience;
  source: string;
  fence: number;
  holder: string;
  /** The last ref of the source that was applied to this audience, as the reader knows it, and the one to be noted. */
  expectedRef: string;
  ref: string;
  entries: Entry[];
  /** Looked at after the last wait, right before the call is sent: what was read may be out of date by then. */
  signal?: AbortSignal;
}

export type Appended =
  | { outcome: "ok"; tailId: string; generation: string }
  /** Something of the source was applied since: read `lastRef` and the snapshots again. */
  | { outcome: "moved"; lastRef: string }
  /** Another reader has taken the source over, with this fence. */
  | { outcome: "fenced"; fence: number };

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
 * Writes into feeds. One call is one step: either all its entries are numbered, stored and told, with the ref that stands for them, or none is.
 * Batches are counted in it as well: one is told of as finished right after the last of its jobs, and as a gauge once in a call that changes it.
 * A call whose answer was lost may be made again: if it had been applied, the answer is `moved`.
 */
export interface Writer {
  append(append: Append): Promise<Appended>;
}

const HOUR_MS = 3_600_000;
/** Longer than any log, so that a cursor into a log that has expired is known for what it is. */
export const META_TTL_MS = 30 * 24 * HOUR_MS;

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
  return {
    async append({ audience, source, fence, holder, expectedRef, ref, entries, signal }) {
      const partition = partitionOf(audience, partitions);
      const batchIds = [...new Set(entries.flatMap(({ batch }) => batch?.batchId ?? []))];
      const keyList = [
        ...feedKeys(keys, partition, audience),
        keys.doneJobs(partition, audience),
        keys.accepted(partition, audience),
        keys.open(partition),
        ...batchIds.map((batchId) => keys.batch(partition, audience, batchId)),
      ];
      const args = [source, fence, holder, expectedRef, ref, audience, JSON.stringify(audience)];
      const limits = [
        newGeneration(),
        newEpoch(),
        maxFacts,
        ttlMs,
        Math.max(META_TTL_MS, ttlMs),
        ttlMs,
      ];
      const told = entries.flatMap((entry) => toArguments(entry, batchIds));
      const reply = await whole(continuity, signal, () =>
        script.run(redis, keyList, [...args, ...limits, continuity.mark(partition), ...told]),
      );
      const appended = toAppended(reply);
      if (appended.outcome === "ok" && appended.tailId !== "")
        continuity.note(partition, appended.tailId, appended.generation);
      return appended;
    },
  };
}

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

const toArguments = (entry: Entry, batchIds: string[]): string[] => [
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

function toAppended(reply: unknown): Appended {
  const [outcome, value, epoch = ""] = Array.isArray(reply) ? reply.map(String) : [];
  if (outcome === "ok")
    return { outcome, tailId: value ?? "", generation: epoch.slice(0, epoch.indexOf(".")) };
  if (outcome === "moved") return { outcome, lastRef: value ?? "" };
  if (outcome === "fenced") return { outcome, fence: Number(value) };
  throw new Error("Unexpected answer of the append script");
}
