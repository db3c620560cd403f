import { randomUUID } from "node:crypto";
import { constants, createReadStream, type Stats } from "node:fs";
import { lstat, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { JobcastError } from "../errors.ts";
import { flushDraft } from "./drafts.ts";
import { ByteLimit } from "./byte-limit.ts";
import {
  checkFolder,
  createFolder,
  hasCode,
  resolveKey,
  resolvePrefix,
  syncFolder,
} from "./disk-folders.ts";
import { createGrowingFiles } from "./disk-growing.ts";
import { claimId, clearLeftovers } from "./disk-marker.ts";
import type { Store } from "./store.ts";

export interface DiskStoreOptions {
  /** A folder, made when it is missing; processes that share the files share this folder. */
  root: string;
}

/** Where a `put` grows until it is whole: on the same disk, so that a rename is atomic, and no key can name it. */
const TEMP = ".tmp";

/** A store in a folder. Symlinks inside it are never followed, so that nothing outside can be reached. */
export function createDiskStore({ root }: DiskStoreOptions): Store {
  const temp = join(root, TEMP);

  const store: Store = {
    async put(key, content, { maxBytes = Infinity, signal } = {}) {
      const path = resolveKey(root, key);
      const part = join(temp, randomUUID());
      await mkdir(temp, { recursive: true });
      try {
        const bytes = await writeWhole(part, toReadable(content), { maxBytes, signal });
        await createFolder(root, dirname(path));
        await rename(part, path);
        await syncFolder(dirname(path));
        return { key, bytes };
      } catch (thrown) {
        await rm(part, { force: true });
        throw thrown;
      }
    },

    async head(key) {
      const path = resolveKey(root, key);
      if (!(await checkFolder(root, dirname(path)))) return undefined;
      const stats = await lstat(path).catch(absent);
      return stats?.isFile() === true ? { key, bytes: stats.size } : undefined;
    },

    async open(key, range) {
      const path = resolveKey(root, key);
      if (!(await checkFolder(root, dirname(path)))) throw noSuchFile();
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(absent);
      if (file === undefined) throw noSuchFile();
      if ((await file.stat()).isFile()) return file.createReadStream(range);
      await file.close();
      throw noSuchFile();
    },

    async *list(prefix) {
      const folder = resolvePrefix(root, prefix);
      if (!(await checkFolder(root, folder))) return;
      for await (const { path, stats } of walk(folder)) {
        const key = relative(root, path).split(sep).join("/");
        yield { key, bytes: stats.size, putAt: stats.mtimeMs };
      }
    },

    async withPath(key, use) {
      if ((await store.head(key)) === undefined) throw noSuchFile();
      return use(resolveKey(root, key));
    },

    draftFolder: temp,

    async adopt(key, path) {
      const target = resolveKey(root, key);
      const bytes = await flushDraft(path);
      await mkdir(root, { recursive: true });
      await createFolder(root, dirname(target));
      // Were it exchanged for a symlink since, that would lead nowhere: none is followed in here.
      if (await rename(path, target).then(() => true, isElsewhere)) {
        await syncFolder(dirname(target));
        return { key, bytes };
      }
      const stored = await store.put(key, createReadStream(path));
      await rm(path);
      return stored;
    },

    async remove(keyOrPrefix) {
      const path = keyOrPrefix.endsWith("/")
        ? resolvePrefix(root, keyOrPrefix)
        : resolveKey(root, keyOrPrefix);
      if (!(await checkFolder(root, dirname(path)))) return;
      await rm(path, { recursive: keyOrPrefix.endsWith("/"), force: true });
    },

    growing: createGrowingFiles({
      root,
      temp,
      finished: (key) => store.head(key),
    }),

    async id() {
      await mkdir(temp, { recursive: true });
      await clearLeftovers(temp);
      return claimId(root, temp);
    },

    async probe() {
      await mkdir(temp, { recursive: true });
      const path = join(temp, randomUUID());
      try {
        await writeWhole(path, toReadable(Buffer.from("ok")), {
          maxBytes: Infinity,
          signal: undefined,
        });
        await readFile(path);
      } finally {
        await rm(path, { force: true });
      }
    },
  };
  return store;
}

/** The plain files below a folder. */
async function* walk(folder: string): AsyncGenerator<{ path: string; stats: Stats }> {
  for (const entry of (await readdir(folder, { withFileTypes: true }).catch(absent)) ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* walk(path);
    const stats = entry.isFile() ? await lstat(path).catch(absent) : undefined;
    if (stats !== undefined) yield { path, stats };
  }
}

/** Writes and flushes a new file. Returns its size. */
async function writeWhole(
  path: string,
  content: Readable,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal | undefined },
): Promise<number> {
  const limit = new ByteLimit(
    maxBytes,
    () => new JobcastError("too_large", `More than ${maxBytes} bytes`),
  );
  // Opened first: a stream that opens it could still create it after a failed put was cleaned up.
  const file = await open(path, "wx");
  await pipeline(content, limit, file.createWriteStream({ flush: true }), { signal });
  return limit.bytes;
}

const toReadable = (content: Readable | Uint8Array): Readable =>
  content instanceof Readable ? content : Readable.from([content], { objectMode: false });

/** On another disk, so that it cannot be moved. */
function isElsewhere(thrown: unknown): false {
  if (hasCode(thrown, "EXDEV")) return false;
  throw thrown;
}

const noSuchFile = (): JobcastError => new JobcastError("not_found", "No such file");

/** Of what is not there, or is no plain file at that place; anything else stays an error. */
function absent(thrown: unknown): undefined {
  if (hasCode(thrown, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
  throw thrown;
}
