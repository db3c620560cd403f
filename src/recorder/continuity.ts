import type { TailMark, TailMarks } from "../db/tail-marks-table.ts";
import { type Continuity, newGeneration } from "../feeds/append.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";

export interface ContinuityOptions {
  /** The connection that writes are made on. */
  redis: RedisClient;
  keys: Keys;
  partitions: number;
  /** What earlier processes saw acknowledged; without it a new process has nothing to compare with. */
  marks: TailMarks | undefined;
  /** Redis has lost something: whatever was read from it is out of date. Called before the next write can be made. */
  onLoss: () => Promise<void>;
  log: Logger;
}

/**
 * Knows whether Redis still has what it acknowledged. A failover to a replica that had not seen the last writes, or a copy that an operator put back, would
 * let numbers be used twice; so the first write on a new connection waits until every tail was looked at, and a partition that lost something begins a
 * new generation. In a cluster the connection outlives a failover, so each write says as well what has to be there.
 */
export interface RecorderContinuity extends Continuity {
  /** Leaves behind what was acknowledged so far, for whoever comes next. Waits for the database no longer than 2 s. */
  save(): Promise<void>;
}

/** Events do not wait for Postgres. */
const MARKS_TIMEOUT_MS = 2000;

const checkTail = loadScript("check-tail");

export function createContinuity(options: ContinuityOptions): RecorderContinuity {
  const { redis, keys, partitions, marks, onLoss, log } = options;
  const tails = Array.from({ length: partitions }, (_, partition) => keys.tail(partition));
  const seen = new Map<string, TailMark>();
  let isLoaded = false;
  let isChecked = false;
  let checking: Promise<void> | undefined;

  function doubt(): void {
    isChecked = false;
    checking = undefined;
  }
  redis.on("close", doubt);
  // Looked at as soon as Redis is back: the next event may be long in coming, and clients wait for what was lost.
  redis.on("ready", () => void ensure().catch(() => undefined));

  async function ensure(): Promise<void> {
    if (isChecked) return;
    const mine = (checking ??= check());
    try {
      await mine;
      // A link that broke meanwhile has to be looked at again.
      if (checking === mine) isChecked = true;
    } finally {
      if (checking === mine) checking = undefined;
    }
  }

  async function check(): Promise<void> {
    await loadOnce();
    const generation = newGeneration();
    const there = await Promise.all(
      tails.map(async (tail, partition) => {
        const mark = seen.get(tail);
        if (mark === undefined) return true;
        const args = [mark.entryId, mark.generation, generation];
        return (await checkTail.run(redis, [tail, keys.partition(partition)], args)) === 1;
      }),
    );
    const lost = tails.filter((_, partition) => there[partition] === false);
    if (lost.length > 0) await recover(lost);
  }

  async function recover(lost: string[]): Promise<void> {
    log.error({ tails: lost }, "recorder: Redis has lost writes; reading the queues again");
    await onLoss();
    for (const tail of lost) seen.delete(tail);
    // Otherwise a clock that runs behind would have every process find the same loss again.
    await withMarks((table) => table.forget(lost));
  }

  async function loadOnce(): Promise<void> {
    if (isLoaded) return;
    const loaded = await withMarks((table) => table.load(tails));
    isLoaded = true;
    for (const [tail, mark] of loaded ?? []) keep(tail, mark);
  }

  function keep(tail: string, mark: TailMark): void {
    if (compareStreamIds(mark.entryId, seen.get(tail)?.entryId ?? "") > 0) seen.set(tail, mark);
  }

  async function withMarks<T>(use: (table: TailMarks) => Promise<T>): Promise<T | undefined> {
    if (marks === undefined) return undefined;
    const over = new AbortController();
    const late = sleep(MARKS_TIMEOUT_MS, over.signal).then(() => undefined);
    const used = use(marks).catch((err: unknown) => {
      log.warn({ err }, "recorder: what Redis had acknowledged cannot be read or noted");
      return undefined;
    });
    return await Promise.race([used, late]).finally(() => over.abort());
  }

  return {
    ensure,
    doubt,
    mark: (partition) => seen.get(keys.tail(partition))?.entryId ?? "",
    note: (partition, entryId, generation) => keep(keys.tail(partition), { entryId, generation }),
    async save() {
      await withMarks((table) => table.save(new Map(seen)));
    },
  };
}
