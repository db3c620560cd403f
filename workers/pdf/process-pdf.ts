import type { PdfOptions } from "../../src/contract/job-types/pdf.ts";
import type { WorkInput, WorkResult, WorkSource } from "../../src/contract/worker.ts";
import { WorkerError } from "../../src/errors.ts";
import type { Work, WorkContext } from "../define-worker.ts";

/** Each operation loads what it needs, when it is first asked for. */
export async function processPdf(
  { input, options }: Work<PdfOptions>,
  context: WorkContext,
): Promise<WorkResult> {
  try {
    return await run(input, options, context);
  } catch (thrown) {
    throw toPdfError(thrown);
  }
}

async function run(
  input: WorkInput,
  options: PdfOptions,
  context: WorkContext,
): Promise<WorkResult> {
  if (options.operation === "extract") {
    const { extract } = await import("./extract.ts");
    return context.withPath(oneOf(input), (path) => extract(path, options, context));
  }
  if (options.operation === "split") {
    const { split } = await import("./split.ts");
    return context.withPath(oneOf(input), (path) => split(path, options, context));
  }
  if (options.operation === "merge") {
    const { merge } = await import("./merge.ts");
    return merge(sourcesOf(input), context);
  }
  if ("html" in options) {
    const { print } = await import("./html/print.ts");
    return print(options.html, context);
  }
  const { generate } = await import("./generate.ts");
  return generate(options.template, "data" in input ? input.data : undefined, context);
}

function oneOf(input: WorkInput): WorkSource {
  if ("file" in input || "url" in input) return input;
  throw new WorkerError("input_missing", "There is no file to work on");
}

function sourcesOf(input: WorkInput): WorkSource[] {
  if ("files" in input) return input.files;
  throw new WorkerError("input_missing", "There are no files to work on");
}

/** A file that brings PDFium down: the memory that it may have, 2 GiB, was not enough, or it is made to break readers. */
function toPdfError(thrown: unknown): unknown {
  if (!(thrown instanceof Error && thrown.name === "RuntimeError")) return thrown;
  const isMemory =
    /OOM|memory|enlarge/i.test(thrown.message) && !/out of bounds/.test(thrown.message);
  return isMemory
    ? new WorkerError("input_too_large", "The PDF needs too much memory", { cause: thrown })
    : new WorkerError("input_corrupt", "The PDF is damaged in a way that cannot be read past", {
        cause: thrown,
      });
}
