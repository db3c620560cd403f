import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** Child processes that stay warm between attempts; one attempt at a time in each, and the attempts of one task alone. */
export interface ChildPool {
  /** `module` is the address of the task's. */
  take(module: string): Promise<ChildProcess>;
  /** Keeps it for the next attempt, unless it is used up. */
  giveBack(child: ChildProcess): void;
  /** Resolves when it is gone. */
  discard(child: ChildProcess): Promise<void>;
  /** Resolves when all are gone, whatever they were doing. */
  close(): Promise<void>;
}

export interface ChildPoolOptions {
  /** Whatever they work for. */
  maxIdle: number;
  maxHeapMb: number;
  /** Folder for the temporary files of libraries. */
  tempDir: string;
  /** Where programs are found. */
  path: string;
}

interface Service {
  /** Of the task that it works for, and for no other: what took it over while it read one thing must not get the keys of another. */
  module: string;
  attempts: number;
}

/** What native libraries leak goes with the process. */
const MAX_ATTEMPTS_PER_CHILD = 100;
/** A child that nobody needs gives its memory back. */
const IDLE_MS = 60_000;

export function createChildPool({
  maxIdle,
  maxHeapMb,
  tempDir,
  path,
}: ChildPoolOptions): ChildPool {
  const all = new Map<ChildProcess, Service>();
  /** The one that rests longest comes first. */
  const idle = new Map<ChildProcess, NodeJS.Timeout>();
  let isClosed = false;

  async function start(module: string): Promise<ChildProcess> {
    const child = fork(new URL("./child.ts", import.meta.url), {
      // Nothing of what the parent knows: the child reads what strangers sent. It finds the programs that a task starts.
      env: { TMPDIR: tempDir, PATH: path },
      execArgv: [`--max-old-space-size=${maxHeapMb}`],
      // A Ctrl-C in the terminal is meant for the parent, which lets the work in hand finish.
      detached: true,
    });
    all.set(child, { module, attempts: 0 });
    child.on("error", () => undefined);
    child.once("exit", () => {
      forget(child);
      killGroup(child);
    });
    await Promise.race([once(child, "message"), once(child, "exit")]);
    return child;
  }

  function forget(child: ChildProcess): void {
    all.delete(child);
    wake(child);
  }

  function wake(child: ChildProcess): void {
    clearTimeout(idle.get(child));
    idle.delete(child);
  }

  function rest(child: ChildProcess): void {
    const [longest] = idle.keys();
    if (longest !== undefined && idle.size >= maxIdle) dismiss(longest);
    idle.set(child, setTimeout(() => dismiss(child), IDLE_MS).unref());
  }

  /** It takes a moment to be gone, in which nobody may be given it. */
  function dismiss(child: ChildProcess): void {
    wake(child);
    kill(child);
  }

  async function discard(child: ChildProcess): Promise<void> {
    if (hasEnded(child)) return;
    const exit = once(child, "exit");
    kill(child);
    await exit;
  }

  return {
    async take(module) {
      const warm = Array.from(idle.keys()).find((child) => all.get(child)?.module === module);
      if (warm === undefined) return start(module);
      wake(warm);
      return warm;
    },
    giveBack(child) {
      const service = all.get(child);
      if (service === undefined) return;
      service.attempts += 1;
      const isUsable = child.connected && service.attempts < MAX_ATTEMPTS_PER_CHILD;
      if (isClosed || !isUsable) return kill(child);
      rest(child);
    },
    discard,
    async close() {
      isClosed = true;
      await Promise.all(Array.from(all.keys(), discard));
    },
  };
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/** With the programs that it started. */
export function kill(child: ChildProcess): void {
  if (hasEnded(child)) return;
  if (!killGroup(child)) child.kill("SIGKILL");
}

/** Being detached, a child leads a process group; what it started is in it, also when the child itself is gone. Returns whether there was any. */
function killGroup({ pid }: ChildProcess): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, "SIGKILL");
  } catch {
    return false;
  }
}
