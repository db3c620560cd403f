import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { WorkerError } from "../../src/errors.ts";
import { readTreeBytes } from "../memory.ts";

export interface ProgramOptions {
  signal: AbortSignal;
  /** Called for each line of the standard output, in order. */
  onLine?: (line: string) => void;
  /** Resident memory that it may take; 1 GiB unless given. */
  maxBytes?: number;
}

export interface Ended {
  exitCode: number | null;
  /** The last 16 kB of what it said on its standard error. */
  words: string;
}

const MAX_WORDS = 16_384;
const MEMORY_CHECK_MS = 500;
/** The parent counts the memory of the child alone, and not that of the programs it starts. */
const MAX_BYTES = 1024 ** 3;

/**
 * Runs a program to its end, without a shell. It is killed when `signal` fires, and when it takes too much memory (`input_too_large`).
 * Fails with `engine_unavailable` when there is no such program.
 */
export async function runProgram(
  file: string,
  args: string[],
  { signal, onLine, maxBytes = MAX_BYTES }: ProgramOptions,
): Promise<Ended> {
  signal.throwIfAborted();
  const program = spawn(file, args, {
    stdio: ["ignore", "pipe", "pipe"],
    signal,
    killSignal: "SIGKILL",
  });
  const lines = createInterface({ input: program.stdout });
  if (onLine !== undefined) lines.on("line", onLine);
  const words = keepLast(program.stderr);
  const memory = watchMemory(program, maxBytes);
  try {
    await once(program, "close");
  } catch (thrown) {
    signal.throwIfAborted();
    throw isAbsent(thrown) ? toUnavailable(file, thrown) : thrown;
  } finally {
    memory.stop();
  }
  if (memory.isExceeded())
    throw new WorkerError("input_too_large", "The recording needs more memory than is allowed");
  return { exitCode: program.exitCode, words: words() };
}

const isAbsent = (thrown: unknown): boolean =>
  thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";

const toUnavailable = (file: string, cause: unknown) =>
  new WorkerError("engine_unavailable", `Transcription is off here: ${file} is not installed`, {
    cause,
  });

function keepLast(stream: Readable): () => string {
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text = (text + chunk).slice(-MAX_WORDS);
  });
  return () => text;
}

function watchMemory(program: ChildProcess, maxBytes: number) {
  let isExceeded = false;
  const timer = setInterval(() => {
    void readTreeBytes(program.pid ?? 0).then((bytes) => {
      if (bytes <= maxBytes) return;
      isExceeded = true;
      program.kill("SIGKILL");
    });
  }, MEMORY_CHECK_MS);
  return { isExceeded: () => isExceeded, stop: () => clearInterval(timer) };
}
