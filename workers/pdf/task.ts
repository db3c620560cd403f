import { PdfOptions } from "../../src/contract/job-types/pdf.ts";
import { defineWorker } from "../define-worker.ts";
import { checkRequest } from "./check-request.ts";

/** Reads, takes apart, puts together and writes PDFs. */
export default defineWorker({
  type: "pdf",
  accepts: ["file", "url", "files", "data"],
  options: PdfOptions,
  check: ({ input, options }) => checkRequest(input, options),
  maxAttempts: 3,
  timeoutMs: 300_000,
  maxMemoryBytes: 1.5 * 1024 ** 3,
  async run(work, context) {
    const { processPdf } = await import("./process-pdf.ts");
    return processPdf(work, context);
  },
});
