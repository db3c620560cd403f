import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** Child processes that stay warm between attempts; one attempt at a time in each. */
export interface ChildPool {
  take(): Promise<ChildProcess>;
  /** One that has died, or is used up, is not kept. */
  giveBack(child: ChildProcess): void;
  close(): void;
}

export interface ChildPoolOptions {
  maxIdle: number;
  maxHeapMb: number;
}

/** What native libraries leak goes with the process. */
const MAX_ATTEMPTS_PER_CHILD = 100;
/** A child that nobody needs gives its memory back. */
const IDLE_MS = 60_000;

export function createChildPool({ maxIdle, maxHeapMb }: ChildPoolOptions): ChildPool {
  const all = new Set<ChildProcess>();
  const idle = new Map<ChildProcess, NodeJS.Timeout>();
  const attempts = new WeakMap<ChildProcess, number>();
  let isClosed = false;

  async function start(): Promise<ChildProcess> {
    const child = fork(new URL("./child.ts", import.meta.url), {
      // Nothing of what the parent knows: the child reads what strangers sent.
      env: {},
      execArgv: [`--max-old-space-size=${maxHeapMb}`],
      serialization: "advanced",
      // A Ctrl-C in the terminal is meant for the parent, which lets the work in hand finish.
      detached: true,
    });
    all.add(child);
    child.on("error", () => undefined);
    child.once("exit", () => forget(child));
    await Promise.race([once(child, "message"), once(child, "exit")]);
    return child;
  }

  function forget(child: ChildProcess): void {
    all.delete(child);
    clearTimeout(idle.get(child));
    idle.delete(child);
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
      const isUsable = child.connected && child.exitCode === null && child.signalCode === null;
      if (isClosed || !isUsable || count >= MAX_ATTEMPTS_PER_CHILD || idle.size >= maxIdle)
        return void child.kill("SIGKILL");
      idle.set(child, setTimeout(() => child.kill("SIGKILL"), IDLE_MS).unref());
    },
    close() {
      isClosed = true;
      for (const child of all) child.kill("SIGKILL");
    },
  };
}
