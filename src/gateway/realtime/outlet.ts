import type { Socket as EngineSocket } from "engine.io";
import type { Frame } from "./frame.ts";

/** What goes out to one client: bounded, and closed the moment its token has run out. */
export interface Outlet {
  /** Sends now. A client whose unsent bytes pass `MAX_UNSENT_BYTES` is cut off, and picks up from its cursor when it comes back. */
  send(frame: Frame): void;
  /** Of gauges with one key the newest waits while the client is slow, and goes when a `send` with that key is due. */
  sendGauge(key: string, frame: Frame): void;
  /** A fact made what waits under this key old. */
  dropGauge(key: string): void;
  /** Resolves when another page of facts would not fill the buffer, or the client is gone. */
  drained(): Promise<void>;
  /** Closes the transport: a stock client comes back by itself. */
  cut(): void;
}

export const MAX_UNSENT_BYTES = 1024 * 1024;
/** Gauges wait from here on: facts need the room. */
const GAUGE_BYTES = 64 * 1024;
const PAGE_BYTES = 256 * 1024;

export interface OutletOptions {
  conn: EngineSocket;
  /** Ms since 1970. */
  expiresAt: () => number;
  /** Calls back soon, and again until nobody waits; shared by the sockets of a node. */
  ticker: Ticker;
}

export function createOutlet({ conn, expiresAt, ticker }: OutletOptions): Outlet {
  const waiting = new Map<string, Frame>();
  let buffered = 0;
  // engine.io hands its whole buffer to the transport at once.
  conn.on("flush", () => (buffered = 0));

  const isOpen = () => conn.readyState === "open";
  const unsent = () => buffered + transportBytes(conn);

  function write(frame: Frame): void {
    // Not only by timer: timers are late on a busy node, and overflow for tokens that live for a month.
    if (Date.now() > expiresAt()) return cut();
    buffered += frame.bytes;
    conn.write(frame.packet, frame.options);
  }

  function cut(): void {
    waiting.clear();
    cutTransport(conn);
  }

  function flushGauges(): boolean {
    if (!isOpen()) waiting.clear();
    for (const [key, frame] of waiting) {
      if (unsent() > GAUGE_BYTES) return true;
      waiting.delete(key);
      write(frame);
    }
    return false;
  }

  return {
    send(frame) {
      if (!isOpen()) return;
      write(frame);
      if (unsent() > MAX_UNSENT_BYTES) cut();
    },
    sendGauge(key, frame) {
      if (!isOpen()) return;
      if (waiting.size === 0 && unsent() <= GAUGE_BYTES) return write(frame);
      waiting.set(key, frame);
      ticker.until(flushGauges);
    },
    dropGauge: (key) => void waiting.delete(key),
    drained: () =>
      new Promise((resolve) => {
        ticker.until(() => {
          if (isOpen() && unsent() > PAGE_BYTES) return true;
          resolve();
          return false;
        });
      }),
    cut,
  };
}

/** Calls back every `EVERY_MS` for as long as a callback answers `true`. */
export interface Ticker {
  until(isWaiting: () => boolean): void;
  close(): void;
}

const EVERY_MS = 50;

export function createTicker(): Ticker {
  const calls = new Set<() => boolean>();
  let timer: NodeJS.Timeout | undefined;
  const tick = () => {
    for (const isWaiting of calls) if (!isWaiting()) calls.delete(isWaiting);
    if (calls.size === 0) stop();
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    until(isWaiting) {
      calls.add(isWaiting);
      timer ??= setInterval(tick, EVERY_MS).unref();
    },
    close: stop,
  };
}

/** What the transport has taken and the client has not. */
function transportBytes(conn: EngineSocket): number {
  const socket = webSocketOf(conn);
  return socket?.bufferedAmount ?? 0;
}

/** A socket that is closed but never read from keeps its buffer for half a minute; a terminated one does not. */
function cutTransport(conn: EngineSocket): void {
  const socket = webSocketOf(conn);
  conn.close(true);
  socket?.terminate();
}

interface WebSocketLike {
  bufferedAmount: number;
  terminate(): void;
}

function webSocketOf(conn: EngineSocket): WebSocketLike | undefined {
  const transport: { name: string; socket?: WebSocketLike } = conn.transport;
  return transport.name === "websocket" ? transport.socket : undefined;
}
