import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The first block of code of the page, which is the worker. */
export async function readExample(): Promise<string> {
  const page = await readFile(join(ROOT, "docs/your-own-worker.md"), "utf8");
  const code = /```ts\n([\s\S]*?)```/.exec(page)?.[1];
  if (code === undefined) throw new Error("The page shows no worker");
  return code;
}

/** A folder of workers somewhere else, from where `jobcast` is found as after `npm install`. */
export async function makeWorkersDir(
  parent: string,
  files: Record<string, string>,
): Promise<string> {
  const folder = join(parent, "own");
  await mkdir(join(parent, "node_modules"), { recursive: true });
  await symlink(ROOT, join(parent, "node_modules/jobcast"));
  for (const [name, code] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), code);
  }
  return folder;
}
