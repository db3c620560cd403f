import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Resident memory of a process, native libraries included; 0 when it is gone. */
export async function readResidentBytes(pid: number): Promise<number> {
  try {
    // `statm` would count in pages, whose size differs between machines.
    const status = await readFile(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    if (process.platform === "linux") return 0;
  }
  const listed = await run("ps", ["-o", "rss=", "-p", String(pid)]).catch(() => ({ stdout: "0" }));
  return Number(listed.stdout) * 1024;
}
