import { posix } from "node:path";
import type { Redis } from "ioredis";
import { sourcesOf } from "../jobs/input.ts";
import { parseRecord } from "../jobs/records.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import type { Keys } from "../redis/keys.ts";
import type { Store } from "../storage/store.ts";

export interface UploadSweepOptions {
  store: Pick<Store, "list" | "remove">;
  redis: Redis;
  keys: Keys;
  log: Logger;
  /** Milliseconds since 1970. */
  now?: () => number;
}

const HOUR_MS = 3_600_000;
/** A job's record is written within minutes of its upload; and longer than that nobody waits for an answer. */
const UNUSED_MS = 24 * HOUR_MS;
const BATCH = 500;

/** Sweeps once an hour until `signal` fires. Several processes may do so at once. */
export async function keepUploadsSwept(
  options: UploadSweepOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const removed = await sweepUploads(options);
      if (removed > 0) options.log.info({ removed }, "uploads without a job removed");
    } catch (err) {
      if (!signal.aborted) options.log.warn({ err }, "uploads without a job stay for another hour");
    }
    await sleep(HOUR_MS, signal);
  }
}

/** Removes uploads older than a day that no record refers to: of a gateway that died before it wrote one, and of jobs past their time. */
export async function sweepUploads(options: UploadSweepOptions): Promise<number> {
  const { store, now = Date.now } = options;
  const unused = new Set<string>();
  for await (const { key, putAt } of store.list("uploads/"))
    if (putAt < now() - UNUSED_MS) unused.add(key);
  if (unused.size === 0) return 0;
  // Listed first: a record that is written while the others are read belongs to a younger upload.
  for await (const key of readInputs(options)) unused.delete(key);
  // Each has a folder of its own.
  for (const key of unused) await store.remove(`${posix.dirname(key)}/`);
  return unused.size;
}

/** Keys of the files that jobs were given. */
async function* readInputs({ redis, keys }: UploadSweepOptions): AsyncGenerator<string> {
  let cursor = "0";
  do {
    const [next, found] = await redis.scan(cursor, "MATCH", keys.job("*"), "COUNT", BATCH);
    const texts = await Promise.all(found.map((key) => redis.hget(key, "record")));
    for (const text of texts) {
      const input = text === null ? undefined : parseRecord(text).input;
      if (input === undefined) continue;
      for (const source of sourcesOf(input)) if ("file" in source) yield source.file.key;
    }
    cursor = next;
  } while (cursor !== "0");
}
