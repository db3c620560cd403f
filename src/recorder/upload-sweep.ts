import { posix } from "node:path";
import { sourcesOf } from "../jobs/input.ts";
import { parseRecord } from "../jobs/records.ts";
import { createUploadRecords, type RecordedUpload } from "../jobs/uploads/upload-records.ts";
import { type Upload, UPLOAD_PREFIX, UPLOAD_TTL_MS } from "../jobs/uploads/upload.ts";
import { removeUpload } from "../jobs/uploads/uploads.ts";
import { removeHourly } from "../lib/hourly.ts";
import type { Logger } from "../lib/logger.ts";
import { untilAborted } from "../lib/until-aborted.ts";
import type { Keys } from "../redis/keys.ts";
import { scanKeys } from "../redis/primaries.ts";
import type { Store } from "../storage/store.ts";
import type { RedisClient } from "../redis/connect.ts";

export interface UploadSweepOptions {
  store: Pick<Store, "list" | "remove" | "growing">;
  redis: RedisClient;
  keys: Keys;
  log: Logger;
  /** Milliseconds since 1970. */
  now?: () => number;
}

const BATCH = 500;

/** Sweeps once an hour until `signal` fires. Several processes may do so at once. */
export async function keepUploadsSwept(
  options: UploadSweepOptions,
  signal: AbortSignal,
): Promise<void> {
  const remove = () => sweepUploads(options, signal);
  await removeHourly({ signal, remove, what: "uploads without a job", log: options.log });
}

/**
 * Removes what is older than a day and no record refers to: resumable uploads, finished or not, that nobody went on with or used; files of a gateway that died before it wrote a record,
 * and of jobs past their time. Fails once `signal` has fired.
 */
export async function sweepUploads(
  options: UploadSweepOptions,
  signal?: AbortSignal,
): Promise<number> {
  const { store, now = Date.now } = options;
  const before = now() - UPLOAD_TTL_MS;
  const uploads = createUploadRecords(options);
  const [unused, known] = await listUnused(untilAborted(uploads.list(), signal), before);
  const strays = new Set<string>();
  for (const prefix of ["uploads/", UPLOAD_PREFIX])
    for await (const { key, putAt } of untilAborted(store.list(prefix), signal))
      if (putAt < before && !known.has(key)) strays.add(key);
  if (unused.size === 0 && strays.size === 0) return 0;

  // Listed first: a record that is written while the others are read belongs to a younger upload, or to one that was used just now.
  for await (const key of untilAborted(readInputs(options), signal)) {
    unused.delete(key);
    strays.delete(key);
  }
  let removed = 0;
  for await (const upload of untilAborted(unused.values(), signal)) {
    if (!(await uploads.drop(upload.uploadId, before))) continue;
    await removeUpload(upload, store);
    removed += 1;
  }
  // Each has a folder of its own.
  for await (const key of untilAborted(strays, signal))
    await store.remove(`${posix.dirname(key)}/`);
  return removed + strays.size;
}

/** Uploads that nobody used since `before`, by their keys; and the keys of all there are. */
async function listUnused(
  uploads: AsyncIterable<RecordedUpload>,
  before: number,
): Promise<[Map<string, Upload>, Set<string>]> {
  const unused = new Map<string, Upload>();
  const known = new Set<string>();
  for await (const { upload, usedAt } of uploads) {
    known.add(upload.key);
    if (usedAt < before) unused.set(upload.key, upload);
  }
  return [unused, known];
}

/** Keys of the files that jobs were given. */
async function* readInputs({ redis, keys }: UploadSweepOptions): AsyncGenerator<string> {
  for await (const found of scanKeys(redis, keys.job("*"), BATCH)) {
    const texts = await Promise.all(found.map((key) => redis.hget(key, "record")));
    for (const text of texts) {
      const input = text === null ? undefined : parseRecord(text).input;
      if (input === undefined) continue;
      for (const source of sourcesOf(input)) if ("file" in source) yield source.file.key;
    }
  }
}
