import type { WorkError, WorkProgress } from "../src/contract/worker.ts";
import type { Logger } from "../src/lib/logger.ts";

/** Tells how far a run is: at most ten times a second, in order, and the last value always. */
export interface Progress {
  report(percent: number, step: string, text?: string): void;
  /** Resolves when everything reported has been told. */
  flush(): Promise<void>;
  /** The mark of a run that will be repeated. */
  mark(error: WorkError): Promise<void>;
}

const INTERVAL_MS = 100;
/** Characters of a text that are shown while it grows. */
const MAX_PARTIAL = 500;

/** BullMQ's job, as far as it is needed here. */
interface ProgressedJob {
  updateProgress(progress: WorkProgress): Promise<void>;
}

export function createProgress(job: ProgressedJob, run: number, log: Logger): Progress {
  let newest: WorkProgress = { run, percent: 0, step: null };
  let isTold = true;
  let timer: NodeJS.Timeout | undefined;
  let telling = Promise.resolve();

  function tell(): void {
    if (isTold) return;
    isTold = true;
    const progress = newest;
    // One after the other: two at once could arrive in the wrong order.
    telling = telling
      .then(() => job.updateProgress(progress))
      .catch((err: unknown) => log.debug({ err }, "progress was not told"));
  }

  function tick(): void {
    timer = undefined;
    if (isTold) return;
    tell();
    timer = setTimeout(tick, INTERVAL_MS);
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    tell();
    await telling;
  }

  return {
    report(percent, step, text) {
      newest = {
        run,
        percent: Math.min(100, Math.max(newest.percent, percent)),
        step,
        ...(text === undefined ? {} : { partial: { text: text.slice(-MAX_PARTIAL) } }),
      };
      isTold = false;
      if (timer !== undefined) return;
      tell();
      timer = setTimeout(tick, INTERVAL_MS);
    },
    flush,
    async mark(error) {
      await flush();
      await job.updateProgress({ ...newest, error });
    },
  };
}
