import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { basename } from "node:path/posix";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { JobcastError } from "../src/errors.ts";
import { ByteLimit } from "../src/storage/byte-limit.ts";
import { checkKey } from "../src/storage/file-keys.ts";
import type { Store } from "../src/storage/store.ts";

export interface HandedFilesOptions {
  /** Where the files that may be read are, by their keys. */
  paths: ReadonlyMap<string, string>;
  /** For the files of the result: the parent takes over from there what the outcome names. */
  outDir: string;
  /** What the keys of those begin with. */
  folder: string;
}

/** What a child has of the store: the files that it was handed, and a folder for those that it makes. It needs no keys of S3, and knows none. */
export function createHandedFiles({
  paths,
  outDir,
  folder,
}: HandedFilesOptions): Pick<Store, "open" | "withPath" | "put"> {
  const pathOf = (key: string): string => {
    const path = paths.get(key);
    if (path === undefined) throw new JobcastError("not_found", "No such file");
    return path;
  };
  return {
    open: async (key, range) => createReadStream(pathOf(key), range),
    withPath: async (key, use) => use(pathOf(key)),
    async put(key, content, { maxBytes = Infinity, signal } = {}) {
      const name = basename(checkKey(key));
      if (key !== `${folder}${name}`) throw new JobcastError("invalid", "Malformed file name");
      const limit = new ByteLimit(
        maxBytes,
        () => new JobcastError("too_large", `More than ${maxBytes} bytes`),
      );
      // No key begins with a dot, so that what is unfinished can never be taken over.
      const part = join(outDir, `.${randomUUID()}`);
      const source = content instanceof Readable ? content : Readable.from([content], BYTES);
      try {
        await pipeline(source, limit, createWriteStream(part, { flags: "wx" }), { signal });
        await rename(part, join(outDir, name));
      } catch (thrown) {
        await rm(part, { force: true });
        throw thrown;
      }
      return { key, bytes: limit.bytes };
    },
  };
}

const BYTES = { objectMode: false };
