import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Options } from "../options.ts";
import type { Machine } from "./machine.ts";
import { type Measured, summarise } from "./summary.ts";

/** Resolves to where they are. */
export async function writeResults(
  options: Options,
  setup: Machine,
  measured: Measured[],
): Promise<string> {
  const folder = fileURLToPath(new URL("../results", import.meta.url));
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${new Date().toISOString().slice(0, 10)}.json`);
  const { workloads, targets, rounds, isQuick } = options;
  const content = {
    at: new Date().toISOString(),
    setup,
    options: { workloads, targets, rounds, isQuick },
    summary: summarise(measured),
    measured,
  };
  await writeFile(file, `${JSON.stringify(content, null, 1)}\n`);
  return relative(process.cwd(), file);
}
