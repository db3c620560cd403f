import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
const PAGE_BYTES = 4096;

/** Resident memory of a process, native libraries included; 0 when it is gone. */
export async function readResidentBytes(pid: number): Promise<number> {
  try {
    const statm = await readFile(`/proc/${pid}/statm`, "utf8");
    return Number(statm.split(" ")[1]) * PAGE_BYTES;
  } catch {
    if (process.platform === "linux") return 0;
  }
  const listed = await run("ps", ["-o", "rss=", "-p", String(pid)]).catch(() => ({ stdout: "0" }));
  return Number(listed.stdout) * 1024;
}
