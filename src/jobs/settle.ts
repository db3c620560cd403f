import { setTimeout as delay } from "node:timers/promises";
import type { JobSnapshot } from "./snapshot.ts";

/** The recorder needs a few ms as a rule. */
const PATIENCE_MS = 500;
const PAUSE_MS = 10;

/**
 * Waits until Redis tells what was just done, so that whoever reads next reads it too; `undefined` when that takes longer than half a second.
 */
export async function settle(
  read: () => Promise<JobSnapshot | undefined>,
  isThere: (snapshot: JobSnapshot) => boolean,
): Promise<JobSnapshot | undefined> {
  for (let waited = 0; waited <= PATIENCE_MS; waited += PAUSE_MS) {
    const snapshot = await read();
    if (snapshot !== undefined && isThere(snapshot)) return snapshot;
    await delay(PAUSE_MS);
  }
  return undefined;
}
