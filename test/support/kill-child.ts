import { readdir, readFile } from "node:fs/promises";

interface Running {
  pid: number;
  command: string;
}

/** Kills the child that a worker of this process has at work. Resolves to the pids of all that must go with it: the child, and what it had started. */
export async function killChild(): Promise<number[]> {
  const running = await treeOf(process.pid);
  const child = running.find(({ command }) => command.includes("workers/child.ts"));
  if (child === undefined) throw new Error("There is no child");
  const below = await treeOf(child.pid);
  process.kill(child.pid, "SIGKILL");
  return [child, ...below].map(({ pid }) => pid);
}

async function treeOf(pid: number): Promise<Running[]> {
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
