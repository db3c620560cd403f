import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

export interface ServerProcess {
  /** Asks the server to end, and waits until it has. */
  stop(): Promise<void>;
}

export interface MortalServer extends ServerProcess {
  /** Ends it as a power failure does. */
  kill(): Promise<void>;
  /** Does not wait for what follows. */
  signal(signal: NodeJS.Signals): void;
}

export interface ServerCommand {
  command: string[];
  /** Ends the server fast and in order. */
  signal: NodeJS.Signals;
  isUp: () => Promise<boolean>;
}

const START_TIMEOUT_MS = 20_000;

/** Starts a server and resolves when it answers; what it printed is in the error when it does not. */
export async function startServer({ command, signal, isUp }: ServerCommand): Promise<MortalServer> {
  const [file = "", ...args] = command;
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  const printed: string[] = [];
  child.stdout.on("data", (chunk) => printed.push(String(chunk)));
  child.stderr.on("data", (chunk) => printed.push(String(chunk)));
  child.on("error", (error) => printed.push(error.message));

  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isUp())) {
    if (child.pid === undefined || child.exitCode !== null || Date.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`${file} did not start:\n${printed.join("")}`);
    }
    await delay(20);
  }
  return {
    stop: () => stop(child, signal),
    kill: () => stop(child, "SIGKILL"),
    signal: (name) => void child.kill(name),
  };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}
