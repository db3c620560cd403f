import { setImmediate } from "node:timers/promises";
import type { WorkContext } from "../define-worker.ts";

type Told = Pick<WorkContext, "progress" | "signal">;

/** Tells how much is done, from 0 to 1, and what comes next; lets the process hear, and fails when the job was cancelled. */
export type Tell = (share: number, step: string) => Promise<void>;

/** How long the reader may work before messages of the parent, a cancel among them, are heard. */
const BREATH_MS = 50;

export function createTell({ progress, signal }: Told): Tell {
  let breathed = performance.now();
  return async (share, step) => {
    // Saving follows the last step.
    progress(99 * share, step);
    if (performance.now() - breathed > BREATH_MS) {
      await setImmediate();
      breathed = performance.now();
    }
    signal.throwIfAborted();
  };
}

/** Tells of one step more of `steps`. */
export function tellPages(context: Told, steps: number): (step: string) => Promise<void> {
  const tell = createTell(context);
  let done = 0;
  return async (step) => {
    await tell(done / steps, step);
    done += 1;
  };
}
