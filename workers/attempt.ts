import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorkError, WorkResult } from "../src/contract/worker.ts";
import type { ChildPool } from "./child-pool.ts";
import { readResidentBytes } from "./memory.ts";
import type { Assignment, FromChild } from "./messages.ts";

export interface AttemptOptions {
  pool: ChildPool;
  assignment: Omit<Assignment, "kind" | "tempDir">;
  timeoutMs: number;
  maxMemoryBytes: number;
  /** Cancelled, or the lock was lost. */
  signal: AbortSignal;
  onProgress: (percent: number, step: string) => void;
}

export type AttemptOutcome =
  | { kind: "done"; result: WorkResult }
  | { kind: "failed"; error: WorkError };

const MEMORY_CHECK_MS = 200;
/** A task that heeds its signal has this long to tidy up. */
const CANCEL_GRACE_MS = 500;

const TIMEOUT: WorkError = { code: "timeout", message: "The work took too long" };
const TOO_LARGE: WorkError = {
  code: "input_too_large",
  message: "The work needed more memory than is allowed",
};
const CRASHED: WorkError = { code: "internal", message: "The worker process ended unexpectedly" };
const CANCELLED: WorkError = { code: "cancelled", message: "Cancelled" };

/** Runs one attempt in a child, which is killed when it takes too long, grows too large, or does not stop when told. */
export async function runAttempt(options: AttemptOptions): Promise<AttemptOutcome> {
  const { pool, signal } = options;
  const tempDir = await mkdtemp(join(tmpdir(), "jobcast-"));
  const child = await pool.take();
  try {
    if (signal.aborted) return { kind: "failed", error: CANCELLED };
    return await supervise(child, { ...options.assignment, kind: "work", tempDir }, options);
  } finally {
    pool.giveBack(child);
    await rm(tempDir, { recursive: true, force: true });
  }
}

function supervise(
  child: ChildProcess,
  assignment: Assignment,
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  const { timeoutMs, maxMemoryBytes, signal, onProgress } = options;
  const { promise, resolve } = Promise.withResolvers<AttemptOutcome>();
  let causeOfDeath = CRASHED;

  const kill = (error: WorkError) => {
    causeOfDeath = error;
    child.kill("SIGKILL");
  };
  const onMessage = (message: FromChild) => {
    if (message.kind === "progress") onProgress(message.percent, message.step);
    if (message.kind === "done" || message.kind === "failed") resolve(message);
  };
  const onExit = () => resolve({ kind: "failed", error: causeOfDeath });
  let grace: NodeJS.Timeout | undefined;
  const onCancel = () => {
    child.send({ kind: "cancel" }, () => undefined);
    grace = setTimeout(() => kill(CANCELLED), CANCEL_GRACE_MS);
  };
  const deadline = setTimeout(() => kill(TIMEOUT), timeoutMs);
  const memory = setInterval(() => {
    void readResidentBytes(child.pid ?? 0).then(
      (bytes) => bytes > maxMemoryBytes && kill(TOO_LARGE),
    );
  }, MEMORY_CHECK_MS);

  child.on("message", onMessage);
  child.on("exit", onExit);
  signal.addEventListener("abort", onCancel, { once: true });
  child.send(assignment, (error) => error && kill(CRASHED));

  return promise.finally(() => {
    clearTimeout(deadline);
    clearTimeout(grace);
    clearInterval(memory);
    child.off("message", onMessage);
    child.off("exit", onExit);
    signal.removeEventListener("abort", onCancel);
  });
}
