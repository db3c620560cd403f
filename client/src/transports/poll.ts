import { pause } from "../pause.ts";
import { askFor } from "./ask.ts";
import { createLife, type Data, type Transport } from "./transport.ts";

const WAIT_S = 25;
/** Longer than a question may wait, and shorter than anybody believes in one that hangs. */
const PATIENCE_MS = (WAIT_S + 15) * 1000;
/** An empty answer that did not wait comes from a node that has no room to wait in. */
const HASTY_MS = 1000;

interface EventsAnswer {
  events: { event: string; data: Data }[];
  cursors: Record<string, string>;
  cursor: string;
}

/** One question after the other, for where nothing else gets through. */
export const pollTransport: Transport = {
  name: "poll",
  open({ url, token, cursors, onEvent }) {
    const { up, ended, isUp, end } = createLife();
    const over = new AbortController();
    let place = "";
    let wait = 0;

    async function ask(): Promise<boolean> {
      const askedAt = Date.now();
      const query = new URLSearchParams({ wait: `${wait}`, protocol: "1" });
      if (place !== "") query.set("cursor", place);
      else if (Object.keys(cursors).length > 0) query.set("cursors", JSON.stringify(cursors));
      const hung = new AbortController();
      const late = setTimeout(() => hung.abort(), PATIENCE_MS);
      const signal = AbortSignal.any([over.signal, hung.signal]);
      try {
        const response = await askFor(`${url}/api/events?${query}`, { token, signal });
        if (!(response instanceof Response)) {
          end(response);
          return false;
        }
        const { events, cursor }: EventsAnswer = await response.json();
        for (const { event, data } of events) onEvent(event, data);
        place = cursor;
        isUp();
        if (events.length === 0 && wait > 0 && Date.now() - askedAt < HASTY_MS)
          await pause(HASTY_MS, over.signal);
        // The first answer comes at once, so that it is known whether there is one.
        wait = WAIT_S;
        return true;
      } finally {
        clearTimeout(late);
      }
    }

    async function listen(): Promise<void> {
      while (!over.signal.aborted && (await ask()));
    }

    listen()
      .catch(() => undefined)
      .finally(() => end({ kind: "lost" }));
    return { up, ended, close: () => over.abort() };
  },
};
