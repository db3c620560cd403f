import { setTimeout as delay } from "node:timers/promises";
import { defineWorker, Type } from "jobcast/worker";

/** Work that costs next to nothing and takes as long as it is told, with a word on its progress at each step. */
export default defineWorker({
  type: "paced",
  input: Type.Object({
    steps: Type.Integer({ minimum: 1, maximum: 100 }),
    gapMs: Type.Integer({ minimum: 0, maximum: 10_000 }),
    /** So long a text is in the result. */
    resultBytes: Type.Integer({ minimum: 0, maximum: 50_000 }),
  }),
  async run({ input: { steps, gapMs, resultBytes } }, { progress, signal }) {
    for (let step = 1; step <= steps; step += 1) {
      await delay(gapMs, undefined, { signal });
      progress((100 * step) / steps, `step ${step} of ${steps}`);
    }
    return { text: "x".repeat(resultBytes) };
  },
});
