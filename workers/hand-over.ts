import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { FileRef, WorkInput, WorkResult } from "../src/contract/worker.ts";
import { sourcesOf } from "../src/jobs/input.ts";
import { checkKey } from "../src/storage/file-keys.ts";
import type { CopyOptions, Store } from "../src/storage/store.ts";

const MAX_FILES = 20_000;

/** Where the stored files of an input are, by their keys, while `use` runs. Fails with `not_found` when one is gone. */
export async function withInputPaths<T>(
  store: Pick<Store, "withPath">,
  input: WorkInput,
  options: CopyOptions,
  use: (paths: Record<string, string>) => Promise<T>,
): Promise<T> {
  const keys = sourcesOf(input).flatMap((source) => ("file" in source ? [source.file.key] : []));
  const open = async (left: string[], paths: Record<string, string>): Promise<T> => {
    const [key, ...rest] = left;
    if (key === undefined) return use(paths);
    return store.withPath(key, (path) => open(rest, { ...paths, [key]: path }), options);
  };
  return open([...new Set(keys)], {});
}

export interface HandOver {
  store: Pick<Store, "adopt">;
  /** Where the child left its files. */
  outDir: string;
  /** What the keys of its run begin with. */
  folder: string;
}

/**
 * Takes what the child left in its folder into the store. The child may have been taken over by what it read: nothing is taken but plain files, under the names of its own run, and their sizes
 * are measured and not believed. Fails when there is anything else, or a file that the result names is missing. One that belongs to others is left for the result's check.
 */
export async function takeOver(
  result: WorkResult,
  { store, outDir, folder }: HandOver,
): Promise<WorkResult> {
  if ((await realpath(outDir)) !== outDir) throw new Error("The folder of a run was exchanged");
  const names = (await readdir(outDir)).filter((name) => !name.startsWith("."));
  if (names.length > MAX_FILES) throw new Error(`A run left ${names.length} files`);
  const taken = new Map<string, number>();
  for (const name of names) {
    const { key, bytes } = await store.adopt(checkKey(`${folder}${name}`), join(outDir, name));
    taken.set(key, bytes);
  }
  if (result.files === undefined) return result;
  return { ...result, files: result.files.map((file) => measure(file, taken, folder)) };
}

function measure(file: FileRef, taken: ReadonlyMap<string, number>, folder: string): FileRef {
  const bytes = taken.get(file.key);
  if (bytes !== undefined) return { ...file, bytes };
  if (file.key.startsWith(folder)) throw new Error(`There is no file ${file.key}`);
  return file;
}
