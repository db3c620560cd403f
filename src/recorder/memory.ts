import { isFinal } from "../contract/job.ts";
import type { Audience } from "../contract/names.ts";
import type { JobRecord } from "../jobs/record.ts";
import { parseRecord } from "../jobs/records.ts";
import type { JobSnapshot } from "../jobs/snapshot.ts";
import type { RedisClient } from "../redis/connect.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import { type Command, sendAll } from "../redis/primaries.ts";

/** A feed as its reader knows it. */
export interface KnownFeed {
  /** The last ref of the source that was applied, "" for none. */
  ref: string;
  /** The same of the keeper, which is the only other one to change snapshots of open jobs. */
  sweptRef: string;
  snapshots: ReadonlyMap<string, JobSnapshot>;
}

/**
 * What a source's reader remembers under its lease, so that nothing is asked twice: records never change, and what it knows of a feed is compared where it
 * is written.
 */
export interface Memory {
  /** By job; those that are not there are left out. */
  records(jobIds: ReadonlySet<string>): Promise<ReadonlyMap<string, JobRecord>>;
  forgetRecord(jobId: string): void;
  /** What is known of feeds; the snapshots that they have of these jobs are among it. */
  feeds(wanted: ReadonlyMap<Audience, ReadonlySet<string>>): Promise<Map<Audience, KnownFeed>>;
  /** The ref up to which all was applied, and what became of jobs. Nothing is kept of finished ones: others may bring them back, or have them forgotten. */
  keep(audience: Audience, ref: string, snapshots: ReadonlyMap<string, JobSnapshot>): void;
  /** Something else was found than was known. */
  forget(audience: Audience): void;
}

export interface MemoryOptions {
  redis: RedisClient;
  keys: Keys;
  partitions: number;
  source: string;
  /** Records and snapshots at most, each a few kilobytes; when it is full, it begins anew. 20,000. */
  capacity?: number;
}

const CAPACITY = 20_000;

interface Remembered extends KnownFeed {
  snapshots: Map<string, JobSnapshot>;
}

export function createMemory({
  redis,
  keys,
  partitions,
  source,
  capacity = CAPACITY,
}: MemoryOptions): Memory {
  const records = new Map<string, JobRecord>();
  const feeds = new Map<Audience, Remembered>();
  let snapshots = 0;

  function makeRoom(): void {
    if (records.size > capacity) records.clear();
    if (feeds.size + snapshots <= capacity) return;
    feeds.clear();
    snapshots = 0;
  }

  /** The refs first: a snapshot that changes after them is found out where it is used. */
  function toQuestions(audience: Audience, jobIds: string[]): Command[] {
    const partition = partitionOf(audience, partitions);
    return [
      ["hmget", keys.meta(partition, audience), `ref:${source}`, "ref:keeper"],
      ["hmget", keys.jobs(partition, audience), ...jobIds],
    ];
  }

  function learn(audience: Audience, jobIds: string[], [refs, texts]: (string | null)[][]): void {
    const [ref, sweptRef] = refs ?? [];
    // Of what is known already the ref stays: if it is out of date, so are the other snapshots.
    const feed = feeds.get(audience) ?? {
      ref: ref ?? "",
      sweptRef: sweptRef ?? "",
      snapshots: new Map(),
    };
    feeds.set(audience, feed);
    snapshots -= feed.snapshots.size;
    for (const [i, jobId] of jobIds.entries()) {
      const text = texts?.[i];
      if (typeof text === "string") feed.snapshots.set(jobId, JSON.parse(text));
    }
    snapshots += feed.snapshots.size;
  }

  return {
    async records(jobIds) {
      makeRoom();
      const unknown = [...jobIds].filter((jobId) => !records.has(jobId));
      const texts = await ask(unknown.map((jobId) => ["hget", keys.job(jobId), "record"]));
      for (const [i, jobId] of unknown.entries()) {
        const text = texts[i];
        if (typeof text === "string") records.set(jobId, parseRecord(text));
      }
      return records;
    },
    forgetRecord: (jobId) => void records.delete(jobId),

    async feeds(wanted) {
      makeRoom();
      const unknown = Array.from(wanted, ([audience, jobIds]) => {
        const known = feeds.get(audience)?.snapshots;
        return { audience, jobIds: [...jobIds].filter((jobId) => known?.has(jobId) !== true) };
      }).filter(({ audience, jobIds }) => jobIds.length > 0 || !feeds.has(audience));
      const answers = await ask(
        unknown.flatMap(({ audience, jobIds }) => toQuestions(audience, jobIds)),
      );
      for (const [i, { audience, jobIds }] of unknown.entries())
        learn(audience, jobIds, answers.slice(2 * i, 2 * i + 2).map(toTexts));
      return feeds;
    },

    keep(audience, ref, changed) {
      const feed = feeds.get(audience);
      if (feed === undefined) return;
      feed.ref = ref;
      snapshots -= feed.snapshots.size;
      for (const [jobId, snapshot] of changed) {
        if (isFinal(snapshot.job.status)) feed.snapshots.delete(jobId);
        else feed.snapshots.set(jobId, snapshot);
      }
      snapshots += feed.snapshots.size;
    },
    forget(audience) {
      snapshots -= feeds.get(audience)?.snapshots.size ?? 0;
      feeds.delete(audience);
    },
  };

  async function ask(questions: Command[]): Promise<unknown[]> {
    return questions.length === 0 ? [] : await sendAll(redis, questions);
  }
}

const toTexts = (answer: unknown): (string | null)[] => (Array.isArray(answer) ? answer : []);
