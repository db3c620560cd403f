import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import type { WorkError, WorkResult } from "../src/contract/worker.ts";
import { removeUnfinished } from "../src/storage/disk-store.ts";
import { type ChildPool, hasEnded, kill } from "./child-pool.ts";
import { readTreeBytes } from "./memory.ts";
import { type Assignment, FromChild } from "./messages.ts";

export interface AttemptOptions {
  pool: ChildPool;
  /** Folder in which the attempt has one of its own. */
  scratch: string;
  assignment: Omit<Assignment, "kind" | "owner" | "tempDir">;
  timeoutMs: number;
  maxMemoryBytes: number;
  /** Cancelled, or the lock was lost. */
  signal: AbortSignal;
  onProgress: (percent: number, step: string, text: string | undefined) => void;
}

export type AttemptOutcome =
  | { kind: "done"; result: WorkResult }
  | { kind: "failed"; error: WorkError }
  /** No fault of the job's: a service that it needs wants to be left alone. */
  | { kind: "busy"; afterMs: number };

const MEMORY_CHECK_MS = 200;
/** A task that heeds its signal has this long to tidy up. */
const CANCEL_GRACE_MS = 500;

const TIMEOUT: WorkError = { code: "timeout", message: "The work took too long" };
const TOO_LARGE: WorkError = {
  code: "input_too_large",
  message: "The work needed more memory than is allowed",
};
const CRASHED: WorkError = { code: "internal", message: "The worker process ended unexpectedly" };
const MALFORMED: WorkError = { code: "internal", message: "The outcome of the work is malformed" };
const CANCELLED: WorkError = { code: "cancelled", message: "Cancelled" };

const isFromChild = Compile(FromChild);

/**
 * Runs one attempt in a child, which is killed when it takes too long, grows too large, or does not stop when told. No temporary
 * file is left behind, however it ends.
 */
export async function runAttempt(options: AttemptOptions): Promise<AttemptOutcome> {
  const { assignment, scratch, signal } = options;
  if (signal.aborted) return { kind: "failed", error: CANCELLED };
  const owner = randomUUID();
  const tempDir = join(scratch, owner);
  await mkdir(tempDir);
  try {
    return await runInChild({ ...assignment, kind: "work", owner, tempDir }, options);
  } finally {
    await rm(tempDir, { recursive: true, force: true });
    await removeUnfinished(assignment.settings.storeRoot, owner);
  }
}

async function runInChild(
  assignment: Assignment,
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  const { pool, signal } = options;
  const child = await pool.take();
  const outcome: AttemptOutcome = signal.aborted
    ? { kind: "failed", error: CANCELLED }
    : await supervise(child, assignment, options);
  // What a failed attempt still has under way, or its input did to the process, goes with the process.
  if (outcome.kind === "done") pool.giveBack(child);
  else await pool.discard(child);
  return outcome;
}

/** Resolves when the child has said how it went, or has died. */
async function supervise(
  child: ChildProcess,
  assignment: Assignment,
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  const { promise, resolve } = Promise.withResolvers<AttemptOutcome>();
  let causeOfDeath = CRASHED;
  const onExit = () => resolve({ kind: "failed", error: causeOfDeath });
  const end = (cause: WorkError) => {
    causeOfDeath = cause;
    kill(child);
  };
  const onMessage = (message: unknown) => {
    if (!isFromChild.Check(message)) return resolve({ kind: "failed", error: MALFORMED });
    if (message.kind === "progress")
      options.onProgress(message.percent, message.step, message.text);
    if (message.kind !== "ready" && message.kind !== "progress") resolve(message);
  };

  child.on("message", onMessage);
  child.on("exit", onExit);
  const unwatch = watch(child, options, end);
  if (hasEnded(child)) onExit();
  else child.send(assignment, (error) => error && end(CRASHED));
  try {
    return await promise;
  } finally {
    unwatch();
    child.off("message", onMessage);
    child.off("exit", onExit);
  }
}

/** Time, memory, and whether the work is still wanted. */
function watch(
  child: ChildProcess,
  { timeoutMs, maxMemoryBytes, signal }: AttemptOptions,
  end: (cause: WorkError) => void,
): () => void {
  let grace: NodeJS.Timeout | undefined;
  const onCancel = () => {
    child.send({ kind: "cancel" }, () => undefined);
    grace = setTimeout(() => end(CANCELLED), CANCEL_GRACE_MS);
  };
  const checkMemory = async () => {
    const bytes = await readTreeBytes(child.pid ?? 0);
    if (bytes > maxMemoryBytes) end(TOO_LARGE);
  };
  const deadline = setTimeout(() => end(TIMEOUT), timeoutMs);
  const memory = setInterval(() => void checkMemory(), MEMORY_CHECK_MS);
  signal.addEventListener("abort", onCancel, { once: true });
  return () => {
    clearTimeout(deadline);
    clearTimeout(grace);
    clearInterval(memory);
    signal.removeEventListener("abort", onCancel);
  };
}
