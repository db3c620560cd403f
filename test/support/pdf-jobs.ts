import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { PdfOptions } from "../../src/contract/job-types/pdf.ts";
import type { FileRef, WorkSource } from "../../src/contract/worker.ts";
import { loadTasks } from "../../workers/catalog.ts";
import { type Outcome, test as base } from "./workers.ts";

const found = (await loadTasks()).find(({ task }) => task.type === "pdf");
if (found === undefined) throw new Error("There is no task for PDFs");

/** For `start`. */
export const pdfTask = found;

export interface Done extends Outcome {
  result: Record<string, unknown> & { pages: number; title: string | null; files: FileRef[] };
}

/** PDF jobs through the queue, with their files in the store. */
export const test = base
  .extend("upload", ({ store }) => {
    return async (content: Buffer, name = "scan.pdf"): Promise<WorkSource> => {
      const { key, bytes } = await store.put(`uploads/${randomUUID()}/${name}`, content);
      return { file: { key, name, contentType: "application/pdf", bytes } };
    };
  })
  /** Puts a job in line: for one file, several, or data. */
  .extend("submitPdf", ({ line, upload }) => {
    return async (given: Buffer | Buffer[] | { data: unknown }, options: PdfOptions) => {
      if ("data" in given) return line.add({ type: "pdf", input: given, options });
      if (!Array.isArray(given))
        return line.add({ type: "pdf", input: await upload(given), options });
      const files = await Promise.all(given.map((content) => upload(content)));
      return line.add({ type: "pdf", input: { files }, options });
    };
  })
  /** The outcome of a job that ends well. */
  .extend("done", ({ line }) => {
    return async (jobId: string): Promise<Done> => {
      const outcome = await line.outcome(jobId, "pdf");
      if (!isDone(outcome)) throw new Error(`Failed: ${JSON.stringify(outcome.failure)}`);
      return outcome;
    };
  })
  /** A file of a result: what is in it, and a path for programs. */
  .extend("fetchFile", ({ store, folder }) => {
    return async ({ files }: { files: FileRef[] }, name: string) => {
      const file = files.find((candidate) => candidate.name === name);
      if (file === undefined)
        throw new Error(`No ${name} in ${files.map((each) => each.name).join()}`);
      const content = await buffer(await store.open(file.key));
      const path = join(folder, `fetched-${randomUUID()}-${name}`);
      await writeFile(path, content);
      return { content, path };
    };
  });

const isDone = (outcome: Outcome): outcome is Done => outcome.result !== undefined;
