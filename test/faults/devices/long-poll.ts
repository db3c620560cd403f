import { setTimeout as delay } from "node:timers/promises";
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import type { toHeard } from "../checker/heard.ts";
import { comeBackAfter, type Device, type DeviceOptions } from "./device.ts";
import { createRecord } from "./record.ts";

const WAIT_SECONDS = 20;
const PATIENCE_MS = (WAIT_SECONDS + 5) * 1000;

/** A client that asks again and again, each time with the cursor of the last answer. */
export function openLongPoll(options: DeviceOptions): Device {
  const record = createRecord(options);
  // Shared by nobody: a proxy that keeps it open must not mix up two devices.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let cursor = "";
  let life = new AbortController();

  async function ask(signal: AbortSignal): Promise<void> {
    const token = record.connect();
    const query = new URLSearchParams({ wait: `${WAIT_SECONDS}` });
    if (cursor !== "") query.set("cursor", cursor);
    const { events, ...answer } = await get(`${options.url}/api/events?${query.toString()}`, {
      authorization: `Bearer ${token.text}`,
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    for (const { event, data } of events) record.hear(event, data);
    // Only now: what was cut off in mid-answer is asked for again.
    cursor = answer.cursor;
  }

  function get(
    url: string,
    { authorization, signal }: { authorization: string; signal: AbortSignal },
  ) {
    return new Promise<Answer>((resolve, reject) => {
      const headers = { authorization, "x-forwarded-for": options.address };
      const call = request(url, { headers, agent, signal }, (response) => {
        text(response)
          .then((body) => {
            if (response.statusCode !== 200) throw new Error(`Poll: ${response.statusCode}`);
            resolve(JSON.parse(body));
          })
          .catch(reject);
      });
      call.on("error", reject);
      call.end();
    });
  }

  async function live({ signal }: AbortController): Promise<void> {
    while (!signal.aborted) {
      await ask(signal).catch(() => delay(comeBackAfter()));
    }
  }

  void live(life);
  const stop = () => life.abort();
  return {
    ...record.known,
    transport: "long-poll",
    // A poll with a cursor is answered when there is something, and says no more of where it stands.
    isWelcome: () => cursor !== "" && record.isInformed(),
    cut: () => agent.destroy(),
    stayAway: stop,
    comeBack() {
      record.comeBack();
      life = new AbortController();
      void live(life);
    },
    close() {
      stop();
      record.close();
      agent.destroy();
    },
  };
}

interface Answer {
  events: { event: string; data: Parameters<typeof toHeard>[1] }[];
  cursor: string;
}
