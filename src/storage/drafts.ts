import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { JobcastError } from "../errors.ts";
import { hasCode } from "./disk-folders.ts";

/**
 * Flushes a file that somebody else wrote, and tells its size. Fails with `invalid` unless it is a plain file without a second name: under that, whoever wrote it could have
 * let in a file that is not theirs.
 */
export async function flushDraft(path: string): Promise<number> {
  const file = await open(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  ).catch((thrown: unknown) => {
    if (hasCode(thrown, "ENOENT", "ELOOP", "ENXIO")) throw noDraft();
    throw thrown;
  });
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.nlink !== 1) throw noDraft();
    await file.sync();
    return stats.size;
  } finally {
    await file.close();
  }
}

const noDraft = () => new JobcastError("invalid", "Only plain files can be kept");
