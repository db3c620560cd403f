import { mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lockFolder } from "../src/lib/lock-file.ts";

/** A folder for the temporary files of one process. */
export interface Scratch {
  path: string;
  close(): Promise<void>;
}

const PREFIX = "jobcast-work-";
const DRAFT_PREFIX = "jobcast-draft-";

/** Also removes the folders of processes that were killed. `parent` is the system's own folder unless given. */
export async function openScratch(parent = tmpdir()): Promise<Scratch> {
  await removeAbandoned(parent);
  const draft = await mkdtemp(join(parent, DRAFT_PREFIX));
  await lockFolder(draft);
  // Gets the name that others look for once it is locked: before, they would take it for abandoned.
  const path = draft.replace(DRAFT_PREFIX, PREFIX);
  await rename(draft, path);
  return { path, close: () => rm(path, { recursive: true, force: true }) };
}

async function removeAbandoned(parent: string): Promise<void> {
  const names = await readdir(parent);
  const folders = names.filter((name) => name.startsWith(PREFIX)).map((name) => join(parent, name));
  // Several processes may start at once, and one lock a folder whose lock another has just removed. What is left goes with the next start: it is no reason not to.
  for (const folder of folders)
    if (await isAbandoned(folder)) await rm(folder, REMOVE_ALL).catch(() => undefined);
}

const REMOVE_ALL = { recursive: true, force: true };

/** Its lock can be had only when whoever held it is gone. Somebody else's, and one that vanishes meanwhile, is left alone. */
const isAbandoned = (folder: string): Promise<boolean> =>
  lockFolder(folder).then(
    () => true,
    () => false,
  );
