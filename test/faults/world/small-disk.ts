import { execFile } from "node:child_process";
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { isAlive } from "../../support/is-alive.ts";

const run = promisify(execFile);

/** A folder on a disk of its own that can be full. */
export interface SmallDisk {
  folder: string;
  /** Leaves no byte free; only where `canFill`. */
  fill(): Promise<void>;
  free(): Promise<void>;
  /** Not without the right to mount: then it is a folder like any other. */
  canFill: boolean;
  close(): Promise<void>;
}

const SIZE = "512m";
const CHUNK = Buffer.alloc(1024 * 1024);

export async function openSmallDisk(): Promise<SmallDisk> {
  await removeAbandoned();
  const folder = await mkdtemp(join(tmpdir(), `jobcast-disk-${process.pid}-`));
  const canFill = await run("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", folder]).then(
    () => true,
    () => false,
  );
  const ballast = join(folder, "ballast");
  return {
    folder,
    canFill,
    async fill() {
      await using file = await open(ballast, "a");
      // In ever smaller pieces, until not one fits.
      for (let size = CHUNK.length; size >= 1; size = Math.floor(size / 16))
        while (await fits(() => file.write(CHUNK.subarray(0, size))));
    },
    free: () => rm(ballast, { force: true }),
    async close() {
      if (canFill) await run("umount", ["--lazy", folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Those of runs that were killed. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const [, owner] = /^jobcast-disk-(\d+)-/.exec(name) ?? [];
    if (owner === undefined || isAlive(Number(owner))) continue;
    const folder = join(tmpdir(), name);
    await run("umount", ["--lazy", folder]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

async function fits(write: () => Promise<{ bytesWritten: number }>): Promise<boolean> {
  try {
    return (await write()).bytesWritten > 0;
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOSPC") return false;
    throw thrown;
  }
}
