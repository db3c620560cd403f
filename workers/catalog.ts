import type { Catalog } from "../src/jobs/catalog.ts";
import { type AnalysisSetup, createAnalysisCheck } from "./analysis/check.ts";
import analysis from "./analysis/task.ts";
import { externalType } from "../src/jobs/external-type.ts";
import image from "./image/task.ts";
import pdf from "./pdf/task.ts";
import { createTranscriptionCheck, type TranscriptionSetup } from "./transcription/check.ts";
import transcription from "./transcription/task.ts";

/** The tasks that workers run, each with the address of its module: children load it by that. */
export const tasks = [
  { task: image, module: import.meta.resolve("./image/task.ts") },
  { task: pdf, module: import.meta.resolve("./pdf/task.ts") },
  { task: transcription, module: import.meta.resolve("./transcription/task.ts") },
  { task: analysis, module: import.meta.resolve("./analysis/task.ts") },
];

/** The job types, each with the check that depends on what the operator has set up. */
export function createCatalog(setup: TranscriptionSetup & AnalysisSetup): Catalog {
  const checks = new Map([
    [transcription.type, createTranscriptionCheck(setup)],
    [analysis.type, createAnalysisCheck(setup)],
  ]);
  const ours = tasks.map(({ task }) => {
    const check = checks.get(task.type);
    return check === undefined ? task : { ...task, check };
  });
  return new Map([...ours, externalType].map((type) => [type.type, type]));
}
