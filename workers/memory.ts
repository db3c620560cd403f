import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Memory of a process, native libraries included, with that of the programs it started and theirs; 0 when it is gone. */
export async function readTreeBytes(pid: number): Promise<number> {
  if (process.platform !== "linux") return readListedBytes(pid);
  const [own, children] = await Promise.all([readStatus(pid), readChildren(pid)]);
  const others = await Promise.all(children.map(readBelow));
  return (own["VmRSS"] ?? 0) + sum(others);
}

/** Without what is mapped from files: a browser's processes all map the same ones, and would count them each. */
async function readBelow(pid: number): Promise<number> {
  const [own, children] = await Promise.all([readStatus(pid), readChildren(pid)]);
  const others = await Promise.all(children.map(readBelow));
  return (own["RssAnon"] ?? 0) + (own["RssShmem"] ?? 0) + sum(others);
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** Bytes, by the kernel's names. `statm` would count in pages, whose size differs between machines. */
async function readStatus(pid: number): Promise<Record<string, number>> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const fields = status.matchAll(/^(\w+):\s+(\d+) kB$/gm);
  return Object.fromEntries(
    Array.from(fields, ([, name = "", kB = "0"]) => [name, Number(kB) * 1024]),
  );
}

/** Listed by the thread that started them. */
async function readChildren(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) =>
      readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => ""),
    ),
  );
  return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
}

async function readListedBytes(pid: number): Promise<number> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid=,rss="]).catch(() => ({ stdout: "" }));
  const listed = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const bytesOf = (wanted: number): number =>
    sum(
      listed.map(([id = 0, parent = 0, kB = 0]) => {
        if (id === wanted) return kB * 1024;
        return parent === wanted ? bytesOf(id) : 0;
      }),
    );
  return bytesOf(pid);
}
