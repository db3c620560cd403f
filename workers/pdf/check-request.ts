import Value from "typebox/value";
import { PdfOptions } from "../../src/contract/job-types/pdf.ts";
import type { WorkInput } from "../../src/contract/worker.ts";
import { JobcastError } from "../../src/errors.ts";
import { requireTemplate } from "./templates.ts";

const MAX_FILES = 100;

/** Whether the input is what the operation works on. Fails with `invalid` or `invalid_options`. */
export function checkRequest(input: WorkInput, unchecked: unknown): void {
  const options = Value.Parse(PdfOptions, unchecked);
  switch (options.operation) {
    case "extract":
    case "split":
      if ("data" in input || "files" in input) throw wrongInput(options.operation, "one file");
      return;
    case "merge":
      if (!("files" in input)) throw wrongInput("merge", "`files`");
      if (input.files.length < 1 || input.files.length > MAX_FILES)
        throw wrongInput("merge", `1 to ${MAX_FILES} \`files\``);
      return;
    case "generate":
      if (!("data" in input)) throw wrongInput("generate", "`data`");
      if ("template" in options) requireTemplate(options.template, input.data);
  }
}

function wrongInput(operation: string, wanted: string): JobcastError {
  const message = `The operation ${operation} takes ${wanted}`;
  return new JobcastError("invalid", message, { fields: [{ path: "/input", message }] });
}
