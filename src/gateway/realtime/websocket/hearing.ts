import type { RawData, WebSocket } from "ws";
import type { Acknowledgement } from "../../../contract/socket.ts";
import { MAX_MESSAGE_BYTES, OVERSIZED, type Said } from "../receive.ts";
import { farewell } from "./wire.ts";

/** What a client says, from the first moment on. */
export interface Hearing {
  /** The next thing said; it is not forwarded. Waits at most `ms`. */
  next(ms: number): Promise<Said | undefined>;
  /** Hands on what was said since and all that comes. */
  forward(hear: (said: Said) => void): void;
}

/** Whoever says this much before they are let in has no good in mind. */
const MAX_HELD = 100;

export function createHearing(webSocket: WebSocket): Hearing {
  const held: Said[] = [];
  let hear: ((said: Said) => void) | undefined;
  let awaited: ((said: Said | undefined) => void) | undefined;

  function take(said: Said): void {
    if (hear !== undefined) return hear(said);
    if (awaited !== undefined) return awaited(said);
    held.push(said);
    if (held.length > MAX_HELD) farewell(webSocket, "rate", "rate_limited");
  }

  webSocket.on("message", (data, isBinary) => {
    const text = isBinary ? undefined : textOf(data);
    if (text === "ping") return webSocket.send("pong");
    const said = text === undefined ? undefined : parse(text, webSocket);
    if (said === undefined) return farewell(webSocket, "invalid", "invalid");
    return take(said);
  });
  webSocket.once("close", () => awaited?.(undefined));

  return {
    next: (ms) =>
      new Promise((resolve) => {
        const first = held.shift();
        if (first !== undefined) return resolve(first);
        const timer = setTimeout(() => awaited?.(undefined), ms);
        awaited = (said) => {
          awaited = undefined;
          clearTimeout(timer);
          resolve(said);
        };
        return undefined;
      }),
    forward(listener) {
      hear = listener;
      for (const said of held.splice(0)) listener(said);
    },
  };
}

/** Text frames come in one piece unless the client splits them. */
function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}

/** `undefined` for what is no message at all. */
function parse(text: string, webSocket: WebSocket): Said | undefined {
  const answer = (id: unknown) => (acknowledgement: Acknowledgement) =>
    webSocket.send(JSON.stringify({ id: id ?? null, ...acknowledgement }));
  if (text.length > MAX_MESSAGE_BYTES || Buffer.byteLength(text) > MAX_MESSAGE_BYTES)
    return { event: OVERSIZED, request: undefined, reply: answer(idIn(text)) };
  try {
    const { event, data, id }: Record<string, unknown> = Object(JSON.parse(text));
    return { event, request: data ?? undefined, reply: answer(id) };
  } catch {
    return undefined;
  }
}

/** Of a message that is not parsed: where the client gave a plain one near its beginning. */
const idIn = (text: string): string | undefined =>
  /"id":\s*"?([\w-]{1,64})/.exec(text.slice(0, 200))?.[1];
