import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { test as base } from "./feeds.ts";

const SCRIPT = fileURLToPath(new URL("recorder-process.ts", import.meta.url));

/** Recorders in processes of their own, killed with the test. */
export const test = base.extend("start", async ({ stage, prefix }, { onCleanup }) => {
  const children: ChildProcess[] = [];
  onCleanup(async () => {
    for (const child of children) await end(child);
  });
  return (holder: string): ChildProcess => {
    const child = spawn(process.execPath, [SCRIPT, stage.url, prefix, holder], {
      stdio: "inherit",
    });
    children.push(child);
    return child;
  };
});

/** Kills it, unless it has ended already. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}
