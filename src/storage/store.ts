import type { Readable } from "node:stream";

/** Bytes `start` to `end`, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface StoredFile {
  key: string;
  bytes: number;
}

export interface ListedFile extends StoredFile {
  /** When it was put, ms since 1970. */
  putAt: number;
}

/**
 * Files that arrive in pieces, over several calls and in several processes: nobody can read one before it is finished. Who may write is for the caller to settle, since two appends at
 * once would mix. An `id` is letters, digits and `-`.
 */
export interface GrowingFiles {
  /** Begins an empty file, of which `bytes` will come, and which will be at `key`. */
  begin(id: string, key: string, bytes: number): Promise<void>;
  /** How much of it is kept; `undefined` when it was never begun, and once it was finished or discarded. */
  size(id: string): Promise<number | undefined>;
  /**
   * Adds to its end and resolves to its new size. When the content breaks off, what came before is kept, flushed to disk, and the error is passed on; nothing more is kept once
   * `mayKeep` says no. Fails with `conflict` when `offset` is not its end, and with `not_found`.
   */
  append(
    id: string,
    offset: number,
    content: AsyncIterable<Uint8Array>,
    mayKeep?: () => boolean,
  ): Promise<number>;
  /** Puts it under its key, without copying it. May be repeated, also after a process died in the middle. Fails with `not_found`. */
  finish(id: string, key: string): Promise<StoredFile>;
  /** What is not there is no error. */
  discard(id: string): Promise<void>;
}

export interface CopyOptions {
  /** The system's own, unless given. */
  tempDir?: string;
  signal?: AbortSignal;
}

/**
 * Files by key. A key is segments of `[A-Za-z0-9_-][A-Za-z0-9._-]*` joined by `/`; any other is refused with `invalid`.
 *
 * A `put` is all or nothing: a file is there, whole and flushed to disk, once it resolves, and never before.
 */
export interface Store {
  /** Fails with `too_large` past `maxBytes`, and leaves nothing behind then. Replaces what was there. */
  put(
    key: string,
    content: Readable | Uint8Array,
    options?: { maxBytes?: number; signal?: AbortSignal },
  ): Promise<StoredFile>;
  /** `undefined` when there is no such file. */
  head(key: string): Promise<StoredFile | undefined>;
  /** Fails with `not_found`. */
  open(key: string, range?: ByteRange): Promise<Readable>;
  /** Everything below a prefix that ends in `/`, in any order; what comes or goes meanwhile may be missed. */
  list(prefix: string): AsyncIterable<ListedFile>;
  /** A local path to read the file from, while `use` runs; where the store is no folder, of a copy below `tempDir`. Fails with `not_found`. */
  withPath<T>(key: string, use: (path: string) => Promise<T>, options?: CopyOptions): Promise<T>;
  /** Puts a local file, which is gone then: from below `draftFolder` it is moved. Fails with `invalid` for what is no plain file, or has a second name. */
  adopt(key: string, path: string): Promise<StoredFile>;
  /** On the disk of the store, if it has one. */
  draftFolder: string | undefined;
  /** Deletes a file, or everything below a prefix that ends in `/`. What is not there is no error. */
  remove(keyOrPrefix: string): Promise<void>;
  growing: GrowingFiles;
  /** The id kept in the store's root, made at the first start: two processes that share Redis must see one id. */
  id(): Promise<string>;
  /** Writes and removes a small file; rejects when the store cannot be used. */
  probe(): Promise<void>;
}
