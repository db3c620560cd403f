import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import type { Task } from "./define-worker.ts";

/** A task with the address of its module: children load it by that. */
export interface LoadedTask {
  task: Task;
  module: string;
}

const TASK = /^task\.(ts|js|mjs)$/;
const MODULE = /^(?!.*\.(d|test)\.).+\.(ts|js|mjs)$/;

/**
 * Loads the workers of a folder: `<name>/task.ts`, and with `isFlat` also what lies in the folder itself; `.js` and `.mjs` as well. Fails with one line that
 * names the file and what is wrong with it.
 */
export async function discoverTasks(
  folder: string,
  { isFlat = false }: { isFlat?: boolean } = {},
): Promise<LoadedTask[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    if (isFlat && entry.isFile() && MODULE.test(entry.name)) found.push(path);
    if (!entry.isDirectory()) continue;
    const inside = await readdir(path);
    found.push(...inside.filter((name) => TASK.test(name)).map((name) => join(path, name)));
  }
  const tasks: LoadedTask[] = [];
  for (const file of found.toSorted()) tasks.push(await load(file));
  return tasks;
}

async function load(file: string): Promise<LoadedTask> {
  const module = pathToFileURL(file).href;
  const loaded = await import(module).catch((thrown: unknown) => {
    throw unusable(module, describe(thrown, file), thrown);
  });
  const task: unknown = loaded.default;
  if (!isTask(task)) throw unusable(module, "its default export is not made by defineWorker({…})");
  return { task, module };
}

/** The file as the operator knows it, from where the process was started. */
export const nameOf = (module: string): string =>
  relative(process.cwd(), new URL(module).pathname) || module;

export const unusable = (module: string, problem: string, cause?: unknown): Error =>
  new Error(`${nameOf(module)}: ${problem}`, { cause });

/** One line; with its place, if the file cannot be read as code. */
function describe(thrown: unknown, file: string): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const lines = thrown.message.split("\n").map((line) => line.trim());
  const message = lines.find((line) => line !== "") ?? thrown.name;
  if (Object.getPrototypeOf(thrown) === Error.prototype && !("code" in thrown)) return message;
  const at = thrown.stack?.split(`${file}:`)[1]?.match(/^\d+/)?.[0];
  return `cannot be loaded: ${message}${at === undefined ? "" : ` (line ${at})`}`;
}

/** What `defineWorker` makes. */
function isTask(value: unknown): value is Task {
  if (typeof value !== "object" || value === null) return false;
  const {
    type,
    accepts,
    options,
    run,
    maxAttempts,
    timeoutMs,
    maxMemoryBytes,
  }: Partial<Record<keyof Task, unknown>> = value;
  return (
    typeof type === "string" &&
    Array.isArray(accepts) &&
    typeof options === "object" &&
    typeof run === "function" &&
    [maxAttempts, timeoutMs, maxMemoryBytes].every((limit) => typeof limit === "number")
  );
}
