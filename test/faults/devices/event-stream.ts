import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { comeBackAfter, type Device, type DeviceOptions } from "./device.ts";
import { createRecord } from "./record.ts";
import { createEventParser } from "../../support/event-parser.ts";

/** Longer than the comments are apart that keep a stream alive. */
const SILENCE_MS = 40_000;

/** A client of Server-Sent Events that gives `Last-Event-ID` back, as `EventSource` does, and looks at the clock, which that does not. */
export function openEventStream(options: DeviceOptions): Device {
  const record = createRecord(options);
  let lastId = "";
  let current: ClientRequest | undefined;
  let returning: NodeJS.Timeout | undefined;
  let isAway = false;

  function connect(): void {
    const token = record.connect();
    const call = request(`${options.url}/api/events/stream`, {
      headers: {
        accept: "text/event-stream",
        authorization: `Bearer ${token.text}`,
        "x-forwarded-for": options.address,
        ...(lastId === "" ? {} : { "last-event-id": lastId }),
      },
      agent: false,
      timeout: SILENCE_MS,
    });
    current = call;
    call.on("timeout", () => call.destroy());
    call.on("error", () => undefined);
    call.on("response", (answer) => read(answer, call));
    call.on("close", () => {
      if (current !== call) return;
      record.lose();
      if (!isAway) returning = setTimeout(connect, comeBackAfter());
    });
    call.end();
  }

  function read(answer: IncomingMessage, call: ClientRequest): void {
    if (answer.statusCode !== 200) {
      call.destroy();
      return;
    }
    const parse = createEventParser(({ event, data, id }) => {
      if (id !== undefined) lastId = id;
      record.hear(event, JSON.parse(data));
    });
    answer.setEncoding("utf8");
    answer.on("data", parse);
  }

  function stop(): void {
    clearTimeout(returning);
    record.lose();
    const call = current;
    current = undefined;
    call?.destroy();
  }

  connect();
  return {
    ...record.known,
    transport: "event-stream",
    isWelcome: record.isWelcome,
    cut: () => void current?.destroy(),
    stayAway() {
      isAway = true;
      stop();
    },
    comeBack() {
      record.comeBack();
      isAway = false;
      connect();
    },
    close() {
      isAway = true;
      stop();
      record.close();
    },
  };
}
