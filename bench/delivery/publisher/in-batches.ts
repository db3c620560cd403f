import { setTimeout as delay } from "node:timers/promises";
import type { Due } from "./event.ts";
import type { Source } from "./source.ts";

/** Takes what is due in batches, one after the other, with a pause after each; what comes meanwhile is in the next. */
export function inBatches(
  { size, pauseMs }: { size: number; pauseMs: number },
  take: (due: Due[]) => Promise<void>,
): Pick<Source, "publish" | "drained"> {
  let waiting: Due[] = [];
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, size);
      waiting = waiting.slice(size);
      await take(batch);
      await delay(pauseMs);
    }
    working = undefined;
  }

  return {
    publish(due) {
      waiting = waiting.length === 0 ? due : waiting.concat(due);
      working ??= work();
    },
    drained: async () => working,
  };
}
