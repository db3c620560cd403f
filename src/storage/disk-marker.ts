import { randomUUID } from "node:crypto";
import { link, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, syncFolder } from "./disk-folders.ts";

const MARKER = ".id";
/** Longer than any upload takes: what is older was left behind by a killed process. */
const LEFTOVER_MS = 48 * 3_600_000;

/** The id in the root, made by whoever comes first: a link cannot replace a file, so two starts agree on one. */
export async function claimId(root: string, temp: string): Promise<string> {
  const marker = join(root, MARKER);
  const found = await readId(marker);
  if (found !== undefined) return found;

  const part = join(temp, randomUUID());
  const file = await open(part, "wx");
  await file.writeFile(randomUUID());
  await file.sync();
  await file.close();
  await link(part, marker).catch((thrown: unknown) => {
    if (!hasCode(thrown, "EEXIST")) throw thrown;
  });
  await rm(part, { force: true });
  await syncFolder(root);
  return readFile(marker, "utf8");
}

/** Removes unfinished files of processes long dead. */
export async function clearLeftovers(temp: string, now = Date.now()): Promise<void> {
  for (const name of await readdir(temp)) {
    const path = join(temp, name);
    const stats = await stat(path).catch(() => undefined);
    if (stats !== undefined && now - stats.mtimeMs > LEFTOVER_MS)
      await rm(path, { recursive: true, force: true });
  }
}

async function readId(marker: string): Promise<string | undefined> {
  try {
    return await readFile(marker, "utf8");
  } catch (thrown) {
    if (hasCode(thrown, "ENOENT")) return undefined;
    throw thrown;
  }
}
