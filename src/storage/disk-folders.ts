import { lstat, mkdir, open } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { JobcastError } from "../errors.ts";
import { checkKey } from "./file-keys.ts";

/** The path of a key. Fails with `invalid`. */
export const resolveKey = (root: string, key: string): string =>
  join(root, ...checkKey(key).split("/"));

/** The folder of a prefix that ends in `/`. Fails with `invalid`. */
export const resolvePrefix = (root: string, prefix: string): string =>
  resolveKey(root, prefix.slice(0, -1));

/** Whether the folder is there, reached from the root through folders alone: a symlink on the way counts as absent. */
export async function checkFolder(root: string, folder: string): Promise<boolean> {
  for (const step of stepsTo(root, folder)) {
    try {
      if (!(await lstat(step)).isDirectory()) return false;
    } catch (thrown) {
      if (hasCode(thrown, "ENOENT", "ENOTDIR")) return false;
      throw thrown;
    }
  }
  return true;
}

/** Makes the folders below the root that are missing, each flushed to its parent. Refuses to pass a symlink. */
export async function createFolder(root: string, folder: string): Promise<void> {
  for (const step of stepsTo(root, folder)) {
    const isNew = await mkdir(step).then(
      () => true,
      (thrown: unknown) => {
        if (hasCode(thrown, "EEXIST")) return false;
        throw thrown;
      },
    );
    if (isNew) await syncFolder(dirname(step));
    else if (!(await lstat(step)).isDirectory())
      throw new JobcastError("conflict", "A file is in the way of this key");
  }
}

/** A new name is on disk only once its folder is flushed. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether a system call failed with one of these codes. */
export const hasCode = (thrown: unknown, ...codes: string[]): boolean =>
  thrown instanceof Error &&
  "code" in thrown &&
  typeof thrown.code === "string" &&
  codes.includes(thrown.code);

function stepsTo(root: string, folder: string): string[] {
  const names = relative(root, folder)
    .split(sep)
    .filter((name) => name !== "");
  return names.map((_, depth) => join(root, ...names.slice(0, depth + 1)));
}
