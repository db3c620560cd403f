import { WebSocket } from "ws";
import type { Cursors, Message } from "../message.ts";
import { toOpaque } from "../opaque.ts";
import type { CutReason, Wire } from "../wire.ts";

/** Why a connection was closed, for clients to read. They come again after `slow` and `draining`. */
export const CLOSE_CODES = {
  invalid: 4400,
  token: 4401,
  origin: 4403,
  slow: 4408,
  rate: 4429,
  draining: 4503,
} as const;
export type CloseReason = keyof typeof CLOSE_CODES;

const OF_CUT: Record<CutReason, CloseReason> = {
  slow: "slow",
  expired: "token",
  draining: "draining",
  lost: "draining",
};

/** After which a client that does not read its farewell is cut off all the same. */
const FAREWELL_MS = 1000;

export function farewell(webSocket: WebSocket, reason: CloseReason, text: string): void {
  webSocket.close(CLOSE_CODES[reason], text);
  setTimeout(() => webSocket.terminate(), FAREWELL_MS).unref();
}

/** `cursors` is moved on by what is written. */
export function createWebSocketWire(webSocket: WebSocket, cursors: Cursors): Wire {
  let written = () => {};
  return {
    get isOpen() {
      return webSocket.readyState === WebSocket.OPEN;
    },
    unsent: () => webSocket.bufferedAmount,
    write(message) {
      const moved = message.cursors;
      const cursor = moved && toOpaque(Object.assign(cursors, moved));
      webSocket.send(toText(message, cursor));
      written();
    },
    onWritten: (listener) => void (written = listener),
    onClosed(listener) {
      if (webSocket.readyState === WebSocket.CLOSED) listener();
      else webSocket.once("close", listener);
    },
    cut: (reason) => farewell(webSocket, OF_CUT[reason], reason),
    dismiss: () => farewell(webSocket, "rate", "rate_limited"),
  };
}

/** The cursor stands on what moves it, and is `null` elsewhere. */
const toText = ({ event, data }: Message, cursor: string | undefined): string =>
  `{"event":${JSON.stringify(event)},"data":${data},"cursor":${JSON.stringify(cursor ?? null)}}`;
