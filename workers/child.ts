import { BusyError } from "./busy.ts";
import type { Task } from "./define-worker.ts";
import { createLogger } from "../src/lib/logger.ts";
import { WorkerError } from "../src/errors.ts";
import { createContext } from "./child-context.ts";
import { createHandedFiles } from "./handed-files.ts";
import type { Assignment, FromChild, ToChild } from "./messages.ts";

/** The process in which attempts run, one at a time. It has no secrets, no Redis, and nothing that its death could harm. */
let cancelling = new AbortController();

process.on("message", (message: ToChild) => {
  if (message.kind === "cancel") return cancelling.abort();
  cancelling = new AbortController();
  void work(message, cancelling.signal).then(say);
});
// Without a parent nobody waits for the outcome.
process.on("disconnect", () => process.exit(0));
say({ kind: "ready" });

async function work(assignment: Assignment, signal: AbortSignal): Promise<FromChild> {
  const { module, jobId, run, input, paths, outDir, settings } = assignment;
  const log = createLogger({ level: settings.logLevel, isPretty: false }).child({ jobId, run });
  let isOver = false;
  // What a task left running would otherwise speak for the next job here, which may be somebody else's.
  const progress = (percent: number, step: string, text: string | undefined) => {
    if (!isOver) say({ kind: "progress", percent, step, ...(text === undefined ? {} : { text }) });
  };
  try {
    const task = await loadTask(module);
    const store = createHandedFiles({
      paths: new Map(Object.entries(paths)),
      outDir,
      folder: `jobs/${jobId}/${run}/`,
    });
    const context = createContext({ assignment, store, signal, progress, log });
    const result = await task.run({ jobId, run, input, options: assignment.options }, context);
    return { kind: "done", result };
  } catch (thrown) {
    if (signal.aborted)
      return { kind: "failed", error: { code: "cancelled", message: "Cancelled" } };
    if (thrown instanceof BusyError) return { kind: "busy", afterMs: thrown.afterMs };
    if (thrown instanceof WorkerError)
      return { kind: "failed", error: { code: thrown.code, message: thrown.message } };
    log.error({ err: thrown }, "an attempt failed");
    return {
      kind: "failed",
      error: { code: "internal", message: "Something went wrong in the worker" },
    };
  } finally {
    isOver = true;
  }
}

async function loadTask(module: string): Promise<Task> {
  const { default: task }: { default: Task } = await import(module);
  return task;
}

function say(message: FromChild): void {
  process.send?.(message);
}
