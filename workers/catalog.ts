import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Catalog } from "../src/jobs/catalog.ts";
import { type AnalysisSetup, createAnalysisCheck } from "./analysis/check.ts";
import analysis from "./analysis/task.ts";
import { externalType } from "../src/jobs/external-type.ts";
import { createTranscriptionCheck, type TranscriptionSetup } from "./transcription/check.ts";
import transcription from "./transcription/task.ts";
import { discoverTasks, type LoadedTask, nameOf, unusable } from "./discover.ts";

/** The tasks that workers run: our own, and those of a folder of the operator's. Fails with one line that says what is wrong. */
export async function loadTasks(ownFolder?: string): Promise<LoadedTask[]> {
  const builtIn = await discoverTasks(fileURLToPath(new URL(".", import.meta.url)));
  const own = ownFolder === undefined ? [] : await loadOwn(resolve(ownFolder));
  const byType = new Map<string, LoadedTask>();
  for (const loaded of [...builtIn, ...own]) {
    const { task, module } = loaded;
    if (task.type === externalType.type)
      throw unusable(module, `the type "${task.type}" is for services outside`);
    const other = byType.get(task.type);
    if (other !== undefined)
      throw unusable(module, `the type "${task.type}" is that of ${nameOf(other.module)} already`);
    byType.set(task.type, loaded);
  }
  return [...byType.values()];
}

async function loadOwn(folder: string): Promise<LoadedTask[]> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new Error(`WORKERS_DIR ${folder} is no folder that can be read`);
  return await discoverTasks(folder, { isFlat: true });
}

/** The job types of tasks, each with the check that depends on what the operator has set up, and the one that services outside work on. */
export function createCatalog(
  tasks: readonly LoadedTask[],
  setup: TranscriptionSetup & AnalysisSetup,
): Catalog {
  const checks = new Map([
    [transcription.type, createTranscriptionCheck(setup)],
    [analysis.type, createAnalysisCheck(setup)],
  ]);
  const worked = tasks.map(({ task }) => {
    const check = checks.get(task.type);
    return check === undefined ? task : { ...task, check };
  });
  return new Map([...worked, externalType].map((type) => [type.type, type]));
}
