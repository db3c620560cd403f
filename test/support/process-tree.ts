import { readdir, readFile } from "node:fs/promises";

export interface Running {
  pid: number;
  command: string;
}

/** All processes that a process has started, and what these have. */
export async function treeOf(pid: number): Promise<Running[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((id) => readFile(`/proc/${pid}/task/${id}/children`, "utf8").catch(() => "")),
  );
  const children = lists.join(" ").split(" ").filter(Boolean).map(Number);
  const trees = await Promise.all(
    children.map(async (child) => {
      const command = await readFile(`/proc/${child}/cmdline`, "utf8").catch(() => "");
      return [{ pid: child, command }, ...(await treeOf(child))];
    }),
  );
  return trees.flat();
}

/** Kills all of them, frozen ones too; the process itself stays. */
export async function killBelow(pid: number): Promise<void> {
  for (const child of await treeOf(pid)) {
    try {
      process.kill(child.pid, "SIGKILL");
    } catch {
      // It went with its parent.
    }
  }
}
