import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { Caller } from "../../contract/tokens.ts";
import type { FileRef } from "../../contract/worker.ts";
import { JobcastError } from "../../errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Keys } from "../../redis/keys.ts";
import { toSafeName } from "../../storage/file-names.ts";
import type { Store } from "../../storage/store.ts";
import type { RedisClient } from "../../redis/connect.ts";
import { received } from "./received.ts";
import { type Upload, UPLOAD_PREFIX, UPLOAD_TTL_MS } from "./upload.ts";
import { createUploadLocks } from "./upload-lock.ts";
import { createUploadRecords, type RecordedUpload } from "./upload-records.ts";

export interface UploadsDeps {
  /** A strict one, so that nothing is written after its caller was refused. */
  redis: RedisClient;
  keys: Pick<Keys, "upload" | "uploadLock" | "uploadWanted">;
  store: Pick<Store, "head" | "remove" | "growing">;
  maxBytes: number;
  log: Logger;
  now?: () => number;
}

export type NewUpload = Pick<Upload, "bytes" | "name" | "contentType" | "metadata">;

export interface UploadState {
  upload: Upload;
  /** How much of it is kept. It is finished when that is all. */
  offset: number;
  /** When it goes unless more of it comes or a job uses it, ms since 1970. */
  expiresAt: number;
}

export interface Append {
  offset: number;
  content: Readable;
  /** As announced. */
  bytes: number | undefined;
  signal: AbortSignal;
}

/**
 * Files that come in pieces, over any number of connections and nodes. An upload is its creator's; for everyone else, and once it has expired, it is `not_found`.
 *
 * What a resolved `append` counted is on disk. Whatever breaks, the bytes that had arrived are kept, and `find` tells how many: no byte is counted that is not there.
 */
export interface Uploads {
  /** Fails with `too_large`. */
  create(upload: NewUpload, caller: Caller): Promise<UploadState>;
  find(uploadId: string, caller: Caller): Promise<UploadState>;
  /**
   * Fails with `conflict` when `offset` is not where it ends, or somebody else writes it; with `too_large` for more than it was to have; with the reason of the signal; with
   * `unavailable`.
   */
  append(uploadId: string, append: Append, caller: Caller): Promise<UploadState>;
  /** With its file, also when jobs use it: they end with `input_missing`. */
  remove(uploadId: string, caller: Caller): Promise<void>;
  /** The file of a finished one, kept for another `UPLOAD_TTL_MS` at least. Fails with `not_found`, with `invalid` when it is unfinished. */
  use(uploadId: string, caller: Caller): Promise<FileRef>;
}

export function createUploads(deps: UploadsDeps): Uploads {
  const { store, maxBytes, log, now = Date.now } = deps;
  const records = createUploadRecords(deps);
  const locks = createUploadLocks(deps);

  /** The offset; `undefined` when there is nothing of it, or no longer. */
  async function measure({ uploadId, bytes, key }: Upload): Promise<number | undefined> {
    const size = await store.growing.size(uploadId);
    if (size === undefined) return (await store.head(key))?.bytes;
    // Whoever brought the last byte may have died before it said so.
    if (size === bytes) await store.growing.finish(uploadId, key);
    return size;
  }

  async function get(uploadId: string, caller: Caller): Promise<UploadState> {
    const recorded = isUploadId(uploadId) ? await records.read(uploadId) : undefined;
    if (recorded === undefined || recorded.upload.userId !== caller.userId) throw noSuchUpload();
    const offset = await measure(recorded.upload);
    if (offset === undefined) throw noSuchUpload();
    const state = toState(recorded, offset);
    if (offset < state.upload.bytes && state.expiresAt <= now()) throw noSuchUpload();
    return state;
  }

  async function touch(uploadId: string): Promise<number> {
    const at = now();
    if (!(await records.touch(uploadId, at))) throw noSuchUpload();
    return at;
  }

  return {
    async create({ bytes, name, contentType, metadata }, caller) {
      if (bytes > maxBytes) throw new JobcastError("too_large", `More than ${maxBytes} bytes`);
      const uploadId = randomUUID();
      const key = `${UPLOAD_PREFIX}${uploadId}/${toSafeName(name)}`;
      const { userId } = caller;
      const upload = { uploadId, userId, bytes, name, contentType, key, metadata };
      const usedAt = now();
      // The record first: the sweep finds by it what a process that dies here leaves behind.
      await records.write({ upload, usedAt });
      await store.growing.begin(uploadId, key, bytes);
      if (bytes === 0) await store.growing.finish(uploadId, key);
      return toState({ upload, usedAt }, 0);
    },

    find: get,

    async append(uploadId, { offset, content, bytes: announced = 0, signal }, caller) {
      const { upload } = requireOffset(await get(uploadId, caller), offset);
      const maxMore = upload.bytes - offset;
      if (announced > maxMore) throw tooMuch();
      const isWanted = async () =>
        !signal.aborted && (await get(uploadId, caller)).offset === offset;
      const lock = await locks.take(uploadId, isWanted);
      try {
        requireOffset(await get(uploadId, caller), offset);
        await touch(uploadId);
        const either = AbortSignal.any([signal, lock.signal]);
        const more = received(content, { lock, maxBytes: maxMore, signal: either });
        const end =
          maxMore === 0 ? offset : await store.growing.append(uploadId, offset, more, lock.isHeld);
        const usedAt = await touch(uploadId);
        if (end === upload.bytes) await store.growing.finish(uploadId, upload.key);
        return toState({ upload, usedAt }, end);
      } finally {
        await lock.release();
      }
    },

    async remove(uploadId, caller) {
      const { upload } = await get(uploadId, caller);
      await records.drop(uploadId, Number.MAX_SAFE_INTEGER);
      await removeUpload(upload, store).catch((err: unknown) =>
        log.warn({ err, uploadId }, "the file of a removed upload stays until it is swept"),
      );
    },

    async use(uploadId, caller) {
      const { upload, offset } = await get(uploadId, caller);
      const { key, name, contentType, bytes } = upload;
      if (offset < bytes) throw unfinished();
      await touch(uploadId);
      return { key, name, contentType, bytes };
    },
  };
}

/** All that there is of an upload's file. */
export async function removeUpload(
  { uploadId }: Pick<Upload, "uploadId">,
  store: Pick<Store, "remove" | "growing">,
): Promise<void> {
  await store.growing.discard(uploadId);
  await store.remove(`${UPLOAD_PREFIX}${uploadId}/`);
}

/** Only these are made; any other would end up in keys of Redis and in paths. */
const isUploadId = (text: string): boolean => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);

const toState = ({ upload, usedAt }: RecordedUpload, offset: number): UploadState => ({
  upload,
  offset,
  expiresAt: usedAt + UPLOAD_TTL_MS,
});

function requireOffset(state: UploadState, offset: number): UploadState {
  if (state.offset === offset) return state;
  throw new JobcastError("conflict", `The upload goes on at byte ${state.offset}`);
}

const noSuchUpload = () => new JobcastError("not_found", "There is no such upload");
const unfinished = () => new JobcastError("invalid", "The upload is not finished");
const tooMuch = () => new JobcastError("too_large", "More was sent than the upload was to have");
