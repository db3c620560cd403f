import { TranscriptionOptions } from "../../src/contract/job-types/transcription.ts";
import { defineWorker } from "../define-worker.ts";
import { TIMEOUT_MS } from "./limits.ts";

/** Text, captions and times of what is said in a recording. */
export default defineWorker({
  type: "transcription",
  accepts: ["file", "url"],
  options: TranscriptionOptions,
  maxAttempts: 3,
  timeoutMs: TIMEOUT_MS,
  // With a model in the process.
  maxMemoryBytes: 4 * 1024 ** 3,
  async run(work, context) {
    const { transcribe } = await import("./transcribe.ts");
    return transcribe(work, context);
  },
});
