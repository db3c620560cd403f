import { spawn } from "node:child_process";

const FORWARDED = ["SIGTERM", "SIGINT", "SIGHUP"];

/** Runs a command in place of this process: its output, signals and exit are ours. */
export function replaceBy([file, ...args]) {
  // Detached, or Ctrl+C would reach it twice, and twice means at once.
  const child = spawn(file, args, { stdio: "inherit", detached: true });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
    process.kill(process.pid, signal);
  });
}
