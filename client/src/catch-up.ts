import type { Calls } from "./calls.ts";
import { isFinal, type Jobs } from "./jobs.ts";
import type { Job } from "./types.ts";

export interface CatchUp {
  /** Asks for the jobs that are open as far as the page knows, those left out that it has just heard of. */
  open(heardOf?: readonly Job[]): Promise<void>;
  /** Asks for the newest as well. */
  all(): Promise<void>;
}

/** So many are asked for one by one. */
const FEW = 10;
const PAGE = 200;
/** After a state that could not be read, ms. */
const AGAIN_MS = 5000;

/** Finds out about jobs whose events are not to be had: they came before the first connection, or are too old to be replayed. */
export function createCatchUp(
  { load, list }: Pick<Calls, "load" | "list">,
  jobs: Pick<Jobs, "list">,
): CatchUp {
  const toUnsure = (): Map<string, Job> => {
    const open = jobs.list.get().filter(({ status }) => !isFinal(status));
    return new Map(open.map((job) => [job.jobId, job]));
  };

  /** Page by page, until few are left. Resolves to whether that could be done. */
  async function walk(unsure: Map<string, Job>, isFirstWanted: boolean): Promise<boolean> {
    let isWanted = isFirstWanted || unsure.size > FEW;
    let from = {};
    while (isWanted) {
      const page = await list({ limit: PAGE, ...from });
      if (!page.ok) return !page.error.retryable;
      const { items, nextCursor } = page.value;
      for (const { jobId } of items) unsure.delete(jobId);
      isWanted = nextCursor !== null && unsure.size > FEW;
      from = { cursor: nextCursor };
    }
    return true;
  }

  async function askFor(unsure: Map<string, Job>, isFirstWanted: boolean): Promise<void> {
    let isDone = await walk(unsure, isFirstWanted);
    for (const jobId of unsure.keys()) {
      if (!isDone) break;
      const answer = await load(jobId);
      isDone = answer.ok || !answer.error.retryable;
      if (isDone) unsure.delete(jobId);
    }
    if (!isDone) setTimeout(() => void askFor(unsure, isFirstWanted), AGAIN_MS);
  }

  return {
    async open(heardOf = []) {
      const unsure = toUnsure();
      for (const { jobId } of heardOf) unsure.delete(jobId);
      await askFor(unsure, false);
    },
    all: () => askFor(toUnsure(), true),
  };
}
