import type { Catalog } from "../src/jobs/catalog.ts";
import image from "./image/task.ts";
import pdf from "./pdf/task.ts";

/** The tasks that workers run, each with the address of its module: children load it by that. */
export const tasks = [
  { task: image, module: import.meta.resolve("./image/task.ts") },
  { task: pdf, module: import.meta.resolve("./pdf/task.ts") },
];

export const catalog: Catalog = new Map(tasks.map(({ task }) => [task.type, task]));
