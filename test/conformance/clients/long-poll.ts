import { setTimeout as delay } from "node:timers/promises";
import { print, readToken, url } from "./say.ts";

interface Answer {
  events: { event: string; data: unknown }[];
  cursor: string;
}

const COME_BACK_MS = 1000;
/** Longer than the gateway waits: by then the question was lost. */
const TIMEOUT_MS = 40_000;

let cursor = "";

async function ask(): Promise<void> {
  const askedAt = performance.now();
  const search = new URLSearchParams({ wait: "25", cursor }).toString();
  const answer = await fetch(`${url}/api/events?${search}`, {
    headers: { authorization: `Bearer ${readToken()}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(await answer.text());
  // Of an answer that was cut off nothing counts: asked again, all of it comes again.
  const { events, cursor: next }: Answer = JSON.parse(await answer.text());
  for (const { event, data } of events) print(event, data);
  cursor = next;
  // A node that is full or going away does not let anybody wait.
  if (events.length === 0 && performance.now() - askedAt < COME_BACK_MS) await delay(COME_BACK_MS);
}

for (;;) {
  try {
    await ask();
  } catch (error) {
    console.error(error);
    await delay(COME_BACK_MS);
  }
}
