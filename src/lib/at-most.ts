import { sleep } from "./sleep.ts";

/** Waits for `work`, or until its time is up; what becomes of it afterwards is not looked at. */
export async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, over.signal)]).finally(() => over.abort());
}
