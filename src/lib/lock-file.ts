import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

/**
 * Keeps a folder for this process; resolves to what gives it back. The lock of a process that is gone is taken over, also when another
 * one has its pid by now. Rejects while the holder lives.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, "lock");
  const own = `${process.pid} ${(await startOf(process.pid)) ?? ""} ${randomUUID()}\n`;
  while (!(await create(path, own))) {
    const held = await read(path);
    if (held === undefined) continue;
    const pid = Number.parseInt(held, 10);
    if (await isHeld(held, pid)) throw new Error(inUse(folder, pid));
    await evict(path, held);
  }
  return async () => {
    if ((await read(path)) === own) await rm(path, { force: true });
  };
}

const inUse = (folder: string, pid: number): string =>
  `${resolve(folder)} is in use by process ${pid}. Stop that one, or give this one another DATA_DIR; ` +
  "to run several processes, set REDIS_URL and DATABASE_URL.";

/** Appears with its content or not at all: an empty lock would look like one to take over. */
async function create(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content);
  try {
    return await did(link(draft, path), "EEXIST");
  } finally {
    await rm(draft);
  }
}

/** Moved aside before it is removed: meanwhile it may have become the lock of someone faster, who gets it back then. */
async function evict(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  if (!(await did(rename(path, aside), "ENOENT"))) return;
  if ((await read(aside)) !== stale) await did(link(aside, path), "EEXIST");
  await rm(aside);
}

async function isHeld(held: string, pid: number): Promise<boolean> {
  const start = await startOf(pid);
  if (start !== undefined) return start === held.split(" ")[1];
  return process.platform !== "linux" && isAlive(pid);
}

/** When a process was started, in clock ticks since boot, which tells it from a later one with its pid; known on Linux. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await read(`/proc/${pid}/stat`);
  // The name of the program stands in parentheses and may hold anything.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const isGone = fields === undefined || fields[0] === "Z" || fields[0] === "X";
  return isGone ? undefined : fields[19];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH")) return undefined;
    throw error;
  }
}

async function did(action: Promise<void>, refusal: string): Promise<boolean> {
  try {
    await action;
    return true;
  } catch (error) {
    if (hasCode(error, refusal)) return false;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
