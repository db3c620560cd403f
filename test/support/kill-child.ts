import { treeOf } from "./process-tree.ts";

/** Kills the child that a worker of this process has at work. Resolves to the pids of all that must go with it: the child, and what it had started. */
export async function killChild(): Promise<number[]> {
  const running = await treeOf(process.pid);
  const child = running.find(({ command }) => command.includes("workers/child.ts"));
  if (child === undefined) throw new Error("There is no child");
  const below = await treeOf(child.pid);
  process.kill(child.pid, "SIGKILL");
  return [child, ...below].map(({ pid }) => pid);
}
