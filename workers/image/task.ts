import { ImageOptions } from "../../src/contract/job-types/image.ts";
import { defineWorker } from "../define-worker.ts";

/** Variants of a picture, with what can be said of it. */
export default defineWorker({
  type: "image",
  accepts: ["file", "url"],
  options: ImageOptions,
  maxAttempts: 3,
  timeoutMs: 120_000,
  maxMemoryBytes: 1.5 * 1024 ** 3,
  async run(work, context) {
    const { processImage } = await import("./process-image.ts");
    return processImage(work, context);
  },
});
