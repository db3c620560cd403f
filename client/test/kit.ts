import { onTestFinished, vi } from "vitest";
import { createJobcast, type Jobcast, type JobcastOptions } from "../src/index.ts";
import type { Keeper } from "../src/memory.ts";

export { someone, test } from "../../test/support/gateway.ts";

/** A page's kit, closed when the test is over. */
export function open(options: JobcastOptions): Jobcast {
  const jobcast = createJobcast(options);
  onTestFinished(() => jobcast.close());
  return jobcast;
}

/** What a tab keeps from one reload to the next. */
export function toKeeper(): Keeper {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/** Waits longer than the pauses before a socket is tried for the third time. */
export const becomes = (jobcast: Jobcast, status: string): Promise<void> =>
  vi.waitFor(() => {
    const state = jobcast.connection.get();
    if (state.status !== status) throw new Error(`It is ${JSON.stringify(state)}`);
  }, 40_000);

/** What facts say, as they come. */
export function textsOf(jobcast: Jobcast): string[] {
  const texts: string[] = [];
  jobcast.onEvent((_event, data) => {
    if (typeof data["text"] === "string" && data["cursor"] !== undefined) texts.push(data["text"]);
  });
  return texts;
}
