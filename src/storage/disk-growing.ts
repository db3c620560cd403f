import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { JobcastError } from "../errors.ts";
import { createFolder, hasCode, resolveKey, syncFolder } from "./disk-folders.ts";
import { checkGrowingId } from "./file-keys.ts";
import type { GrowingFiles, StoredFile } from "./store.ts";

interface GrowingOptions {
  root: string;
  /** On the same disk, where no key leads. */
  temp: string;
  finished(key: string): Promise<StoredFile | undefined>;
}

/** A growing file is a plain file whose length says how much of it is kept: right also after a process was killed in mid-write. */
export function createGrowingFiles({ root, temp, finished }: GrowingOptions): GrowingFiles {
  const pathOf = (id: string): string => join(temp, `growing-${checkGrowingId(id)}`);

  return {
    async begin(id) {
      const path = pathOf(id);
      await mkdir(temp, { recursive: true });
      const file = await open(path, "wx");
      await file.close();
      await syncFolder(temp);
    },

    async size(id) {
      return (await stat(pathOf(id)).catch(absent))?.size;
    },

    async append(id, offset, content, mayKeep = () => true) {
      const file = await openThere(pathOf(id));
      try {
        const { size } = await file.stat();
        if (size !== offset) throw new JobcastError("conflict", `The file has ${size} bytes`);
        return await writeAt(file, offset, content, mayKeep);
      } finally {
        await file.close();
      }
    },

    async finish(id, key) {
      const path = resolveKey(root, key);
      const file = await open(pathOf(id), "r+").catch(absent);
      if (file !== undefined) {
        await file.sync();
        await file.close();
        await createFolder(root, dirname(path));
        // Gone by now when two processes finish it at once, which is as good.
        await rename(pathOf(id), path).catch(absent);
        await syncFolder(dirname(path));
      }
      return (await finished(key)) ?? raise();
    },

    async discard(id) {
      await rm(pathOf(id), { force: true });
    },
  };
}

async function writeAt(
  file: FileHandle,
  offset: number,
  content: AsyncIterable<Uint8Array>,
  mayKeep: () => boolean,
): Promise<number> {
  let end = offset;
  try {
    for await (const chunk of content) {
      if (!mayKeep()) throw new JobcastError("conflict", "Another may write this file by now");
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await file.write(chunk, done, chunk.length - done, end);
        done += bytesWritten;
        end += bytesWritten;
      }
    }
  } finally {
    await file.sync();
  }
  return end;
}

const openThere = async (path: string): Promise<FileHandle> =>
  (await open(path, "r+").catch(absent)) ?? raise();

function raise(): never {
  throw new JobcastError("not_found", "No such upload");
}

function absent(thrown: unknown): undefined {
  if (hasCode(thrown, "ENOENT")) return undefined;
  throw thrown;
}
