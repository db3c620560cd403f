import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import type { WorkError, WorkResult } from "../src/contract/worker.ts";
import type { Logger } from "../src/lib/logger.ts";
import { JobcastError } from "../src/errors.ts";
import type { Store } from "../src/storage/store.ts";
import { type ChildPool, hasEnded, kill } from "./child-pool.ts";
import { takeOver, withInputPaths } from "./hand-over.ts";
import { readTreeBytes } from "./memory.ts";
import { type Assignment, FromChild } from "./messages.ts";

export interface AttemptOptions {
  pool: ChildPool;
  store: Pick<Store, "withPath" | "adopt" | "draftFolder">;
  /** Folder in which the attempt has one of its own. */
  scratch: string;
  assignment: Omit<Assignment, "kind" | "paths" | "outDir" | "tempDir">;
  timeoutMs: number;
  maxMemoryBytes: number;
  /** Cancelled, or the lock was lost. */
  signal: AbortSignal;
  onProgress: (percent: number, step: string, text: string | undefined) => void;
  log: Logger;
}

export type AttemptOutcome =
  | { kind: "done"; result: WorkResult }
  | { kind: "failed"; error: WorkError }
  /** No fault of the job's: a service that it needs wants to be left alone. */
  | { kind: "busy"; afterMs: number };

const MEMORY_CHECK_MS = 200;
/** Ordinary pictures and PDFs leave a child of 250 MiB, and a new one has 90. */
const MAX_RESTING_BYTES = 400 * 1024 ** 2;
/** A task that heeds its signal has this long to tidy up. */
const CANCEL_GRACE_MS = 500;

const TIMEOUT: WorkError = { code: "timeout", message: "The work took too long" };
const TOO_LARGE: WorkError = {
  code: "input_too_large",
  message: "The work needed more memory than is allowed",
};
const CRASHED: WorkError = { code: "internal", message: "The worker process ended unexpectedly" };
const MALFORMED: WorkError = { code: "internal", message: "The outcome of the work is malformed" };
const UNKEPT: WorkError = {
  code: "internal",
  message: "The files of the result could not be kept",
};
const MISSING: WorkError = { code: "input_missing", message: "The file to work on is gone" };
const CANCELLED: WorkError = { code: "cancelled", message: "Cancelled" };
const CANCELLED_OUTCOME: AttemptOutcome = { kind: "failed", error: CANCELLED };

const isFromChild = Compile(FromChild);

/**
 * Runs one attempt in a child, which is killed when it takes too long, grows too large, or does not stop when told. The child sees folders alone: what it is to read is laid out before,
 * what its result names is taken into the store afterwards. No temporary file is left behind, however it ends.
 */
export async function runAttempt(options: AttemptOptions): Promise<AttemptOutcome> {
  const { scratch, signal } = options;
  const { run } = options.assignment;
  if (signal.aborted) return CANCELLED_OUTCOME;
  const tempDir = join(scratch, randomUUID());
  const outDir = outDirOf(options, run);
  await mkdir(tempDir);
  try {
    // Of a run whose worker was killed.
    if (run > 1) await rm(outDirOf(options, run - 1), { recursive: true, force: true });
    await mkdir(outDir, { recursive: true });
    return await layOut({ tempDir, outDir: await realpath(outDir) }, options);
  } finally {
    await rm(tempDir, { recursive: true, force: true });
    await rm(outDir, { recursive: true, force: true });
  }
}

/** On the store's own disk, where it has one: there a file is taken over by its name alone. */
const outDirOf = ({ store, scratch, assignment }: AttemptOptions, run: number): string =>
  join(store.draftFolder ?? scratch, `run-${assignment.jobId}-${run}`);

/** Makes the files of the input local ones. */
async function layOut(
  folders: Pick<Assignment, "tempDir" | "outDir">,
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  const { store, assignment, signal, onProgress } = options;
  const copying = { tempDir: folders.tempDir, signal };
  if (store.draftFolder === undefined) onProgress(0, "fetching the file", undefined);
  try {
    return await withInputPaths(store, assignment.input, copying, (paths) =>
      runInChild({ ...assignment, ...folders, kind: "work", paths }, options),
    );
  } catch (thrown) {
    if (signal.aborted) return CANCELLED_OUTCOME;
    if (thrown instanceof JobcastError && thrown.code === "not_found")
      return { kind: "failed", error: MISSING };
    throw thrown;
  }
}

async function runInChild(
  assignment: Assignment,
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  const { pool, signal } = options;
  const child = await pool.take(assignment.module);
  const outcome: AttemptOutcome = signal.aborted
    ? CANCELLED_OUTCOME
    : await keep(await supervise(child, assignment, options), assignment, options);
  // What a failed attempt still has under way, or its input did to the process, goes with the process.
  if (outcome.kind === "done" && (await isLight(child, options))) pool.giveBack(child);
  else await pool.discard(child);
  return outcome;
}

/** Whether it has let go of most of what it took: memory is measured as a whole, and what one attempt keeps the next one would be killed for. */
async function isLight(child: ChildProcess, { maxMemoryBytes }: AttemptOptions): Promise<boolean> {
  const bytes = await readTreeBytes(child.pid ?? 0);
  return bytes <= Math.min(maxMemoryBytes / 2, MAX_RESTING_BYTES);
}

/** An outcome whose files are in the store. */
async function keep(
  outcome: AttemptOutcome,
  { jobId, run, outDir }: Assignment,
  { store, log }: AttemptOptions,
): Promise<AttemptOutcome> {
  if (outcome.kind !== "done") return outcome;
  try {
    const folder = `jobs/${jobId}/${run}/`;
    return { kind: "done", result: await takeOver(outcome.result, { store, outDir, folder }) };
  } catch (err) {
    log.error({ err, jobId, run }, "the files of a result could not be kept");
    return { kind: "failed", error: UNKEPT };
  }
}

/** Resolves when the child has said how it went, or has died. */
async function supervise(
  child: ChildProcess,
  assignment: Assignment,
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  const { promise, resolve } = Promise.withResolvers<AttemptOutcome>();
  let causeOfDeath = CRASHED;
  let isOver = false;
  const onExit = () => resolve({ kind: "failed", error: causeOfDeath });
  const end = (cause: WorkError) => {
    // A measurement may still have been under way, and the child have another attempt in hand.
    if (isOver) return;
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
    isOver = true;
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
