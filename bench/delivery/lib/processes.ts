import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where what is measured runs, and where all the rest does: it must not take from what is measured. */
export const GATEWAY_CORE = 0;
export const LOAD_CORE = 1;

export interface Spawned {
  child: ChildProcess;
  pid: number;
  /** What it printed, for when it fails. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface SpawnOptions {
  command: string[];
  core: number;
  env?: Record<string, string>;
}

/** Processes that this one has started, all of which end with it. */
export interface Processes {
  spawn(options: SpawnOptions): Spawned;
  /** At once, by their ids. */
  killAll(): void;
}

/** A node with thousands of clients has a profile to write. */
const STOP_TIMEOUT_MS = 60_000;

export function createProcesses(): Processes {
  const running = new Set<ChildProcess>();
  return {
    spawn({ command, core, env = {} }) {
      // Nothing of the surroundings: a result must not depend on who runs it.
      const child = spawn("taskset", ["-c", `${core}`, ...command], {
        env,
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        // A Ctrl-C in the terminal is for the parent, which stops them in order.
        detached: true,
      });
      const printed: string[] = [];
      child.stdout?.on("data", (chunk) => printed.push(String(chunk)));
      child.stderr?.on("data", (chunk) => printed.push(String(chunk)));
      child.on("error", (error) => printed.push(error.message));
      running.add(child);
      child.on("exit", () => running.delete(child));
      return {
        child,
        pid: child.pid ?? 0,
        output: () => printed.join(""),
        signal: (signal) => void child.kill(signal),
        stop: (signal = "SIGKILL") => stop(child, signal),
      };
    },
    killAll() {
      for (const child of running) child.kill("SIGKILL");
    },
  };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const exited = once(child, "exit");
  child.kill("SIGCONT");
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

export const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;

/** Command of a file of this bench. */
export const nodeCommand = (file: string, args: string[] = [], flags: string[] = []): string[] => [
  process.execPath,
  ...flags,
  fileURLToPath(new URL(`../${file}`, import.meta.url)),
  ...args,
];

/** Whatever this process starts from now on is there as well. */
export function moveTo(core: number): void {
  execFileSync("taskset", ["-cp", `${core}`, `${process.pid}`]);
}

const TICKS_PER_SECOND = 100;

/** User and system time of a process so far, in ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The name of the program stands in brackets and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** Resident memory of a process, in KiB. */
export function rssKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}
