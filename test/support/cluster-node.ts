import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { COMPILE_CACHE } from "./compile-cache.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** Eight of them begin at once, on as little as two cores that have other things to do. */
const READY_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 15_000;

export interface NodeOptions {
  roles: string[];
  env: Record<string, string>;
  opsPort: number;
}

/** A process of Jobcast, which can be killed, frozen and started again in its place. */
export interface ClusterNode {
  pid(): number;
  /** Everything it and its predecessors printed. */
  output(): string;
  /** SIGKILL, SIGSTOP, SIGCONT, SIGTERM; does not wait for what follows. */
  signal(signal: NodeJS.Signals): void;
  /** Waits for its end; tells the exit code, or the signal it died of. */
  exited(): Promise<number | NodeJS.Signals>;
  /** Starts it, again if need be, and waits for `/readyz`. */
  start(): Promise<void>;
  isReady(): Promise<boolean>;
  hasEnded(): boolean;
  /** SIGTERM, and SIGKILL when that takes too long. */
  stop(): Promise<void>;
}

export function createClusterNode({ roles, env, opsPort }: NodeOptions): ClusterNode {
  const printed: string[] = [];
  let child: ChildProcess | undefined;

  const running = (): ChildProcess => {
    if (child === undefined) throw new Error(`${roles.join()} was not started`);
    return child;
  };
  const exited = async () => {
    const { exitCode, signalCode } = running();
    const [code, signal] = hasEnded(running())
      ? [exitCode, signalCode]
      : await once(running(), "exit");
    return code ?? signal;
  };
  const isReady = async () => {
    const answer = await fetch(`http://127.0.0.1:${opsPort}/readyz`, {
      signal: AbortSignal.timeout(1000),
    }).catch(() => undefined);
    return answer?.ok === true;
  };

  return {
    exited,
    isReady,
    hasEnded: () => hasEnded(running()),
    pid: () => running().pid ?? 0,
    output: () => printed.join(""),
    signal: (signal) => {
      running().kill(signal);
    },
    async start() {
      if (child !== undefined) await exited();
      // Nothing of the surroundings: a test must not depend on who runs it.
      child = spawn(process.execPath, [MAIN, ...roles], {
        env: { ...COMPILE_CACHE, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      child.stdout?.on("data", (chunk) => printed.push(String(chunk)));
      child.stderr?.on("data", (chunk) => printed.push(String(chunk)));
      const deadline = Date.now() + READY_TIMEOUT_MS;
      while (!(await isReady())) {
        if (hasEnded(child) || Date.now() > deadline)
          throw new Error(`${roles.join()} is not ready:\n${printed.join("")}`);
        await delay(50);
      }
    },
    async stop() {
      if (child === undefined || hasEnded(child)) return;
      // A frozen process hears nothing but these.
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      const isStopped = await Promise.race([
        exited().then(() => true),
        delay(STOP_TIMEOUT_MS, false, { ref: false }),
      ]);
      if (!isStopped) child.kill("SIGKILL");
      await exited();
    },
  };
}

const hasEnded = (child: ChildProcess): boolean =>
  child.exitCode !== null || child.signalCode !== null;
