import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** Child processes that stay warm between attempts; one attempt at a time in each. */
export interface ChildPool {
  take(): Promise<ChildProcess>;
  /** Keeps it for the next attempt, unless it is used up. */
  giveBack(child: ChildProcess): void;
  /** Resolves when it is gone. */
  discard(child: ChildProcess): Promise<void>;
  /** Resolves when all are gone, whatever they were doing. */
  close(): Promise<void>;
}

export interface ChildPoolOptions {
  maxIdle: number;
  maxHeapMb: number;
  /** Folder for the temporary files of libraries. */
  tempDir: string;
  /** Where programs are found. */
  path: string;
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
  const all = new Set<ChildProcess>();
  const idle = new Map<ChildProcess, NodeJS.Timeout>();
  const attempts = new WeakMap<ChildProcess, number>();
  let isClosed = false;

  async function start(): Promise<ChildProcess> {
    const child = fork(new URL("./child.ts", import.meta.url), {
      // Nothing of what the parent knows: the child reads what strangers sent. It finds the programs that a task starts.
      env: { TMPDIR: tempDir, PATH: path },
      execArgv: [`--max-old-space-size=${maxHeapMb}`],
      // A Ctrl-C in the terminal is meant for the parent, which lets the work in hand finish.
      detached: true,
    });
    all.add(child);
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
    clearTimeout(idle.get(child));
    idle.delete(child);
  }

  async function discard(child: ChildProcess): Promise<void> {
    if (hasEnded(child)) return;
    const exit = once(child, "exit");
    kill(child);
    await exit;
  }

  return {
    async take() {
      const [child] = idle.keys();
      if (child === undefined) return start();
      clearTimeout(idle.get(child));
      idle.delete(child);
      return child;
    },
    giveBack(child) {
      const count = (attempts.get(child) ?? 0) + 1;
      attempts.set(child, count);
      const isUsable = child.connected && !hasEnded(child) && count < MAX_ATTEMPTS_PER_CHILD;
      if (isClosed || !isUsable || idle.size >= maxIdle) return kill(child);
      idle.set(child, setTimeout(() => kill(child), IDLE_MS).unref());
    },
    discard,
    async close() {
      isClosed = true;
      await Promise.all(Array.from(all, discard));
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
