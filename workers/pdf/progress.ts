import { setImmediate } from "node:timers/promises";
import type { WorkContext } from "../define-worker.ts";

/** How long the reader may work before messages of the parent, a cancel among them, are heard. */
const BREATH_MS = 50;

/** Tells of one step more of `steps`, and lets the process hear; fails when the job was cancelled. */
export function tellPages(
  { progress, signal }: Pick<WorkContext, "progress" | "signal">,
  steps: number,
): (step: string) => Promise<void> {
  let done = 0;
  let breathed = performance.now();
  return async (step) => {
    // Saving follows the last step.
    progress((99 * done) / steps, step);
    done += 1;
    if (performance.now() - breathed > BREATH_MS) {
      await setImmediate();
      breathed = performance.now();
    }
    signal.throwIfAborted();
  };
}
