import { AnalysisData, AnalysisOptions } from "../../src/contract/job-types/analysis.ts";
import { defineWorker } from "../define-worker.ts";

/** What a text says: a summary, and the values of fields. */
export default defineWorker({
  type: "analysis",
  accepts: ["file", "url", "files", "data"],
  data: AnalysisData,
  options: AnalysisOptions,
  maxAttempts: 3,
  timeoutMs: 600_000,
  maxMemoryBytes: 512 * 1024 ** 2,
  async run(work, context) {
    const { analyse } = await import("./analyse.ts");
    return analyse(work, context);
  },
});
