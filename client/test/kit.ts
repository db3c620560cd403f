import { onTestFinished, vi } from "vitest";
import { test as base } from "../../test/support/gateway.ts";
import { createJobcast, type Jobcast, type JobcastOptions } from "../src/index.ts";

/** A page's kit, closed when the test is over. */
export function open(options: JobcastOptions): Jobcast {
  const jobcast = createJobcast(options);
  onTestFinished(() => jobcast.close());
  return jobcast;
}

export const becomes = (jobcast: Jobcast, status: string): Promise<void> =>
  vi.waitFor(() => {
    const state = jobcast.connection.get();
    if (state.status !== status) throw new Error(`It is ${JSON.stringify(state)}`);
  }, 15_000);

export { someone } from "../../test/support/gateway.ts";
export const test = base;
