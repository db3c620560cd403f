import type { Frame } from "./frame.ts";

/** What goes out to one client: bounded, and closed the moment its token has run out. */
export interface Outlet {
  /** Sends now. A client whose unsent bytes stay past `MAX_UNSENT_BYTES` is cut off, and picks up from its cursor when it comes back. */
  send(frame: Frame): void;
  /** Of gauges with one key the newest waits while the client is slow, and goes when there is room. */
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

/** What is used of an engine.io socket. */
export interface Connection {
  readonly readyState: string;
  readonly transport: { name: string; socket?: WebSocketLike };
  on(event: "packetCreate", listener: (packet: Packet) => void): unknown;
  on(event: "flush", listener: () => void): unknown;
  write(data: string, options: Frame["options"]): unknown;
  close(discard: boolean): void;
}

interface Packet {
  data?: unknown;
  options?: { wsPreEncodedFrame?: unknown } | null;
}

interface WebSocketLike {
  readonly bufferedAmount: number;
  terminate(): void;
}

export interface OutletOptions {
  conn: Connection;
  /** Ms since 1970. */
  expiresAt: () => number;
  /** Calls back soon, and again until nobody waits; shared by the sockets of a node. */
  ticker: Ticker;
}

export function createOutlet({ conn, expiresAt, ticker }: OutletOptions): Outlet {
  const waiting = new Map<string, Frame>();
  let buffered = 0;
  let looks = 0;
  // All that goes out is counted, answers included: who asks and never reads is slow as well.
  conn.on("packetCreate", (packet) => {
    buffered += bytesOf(packet);
    if (unsent() > MAX_UNSENT_BYTES) ticker.until(cutWhenStuck);
  });
  // engine.io hands its whole buffer to the transport at once.
  conn.on("flush", () => (buffered = 0));

  const isOpen = () => conn.readyState === "open";
  const unsent = () => buffered + (webSocketOf(conn)?.bufferedAmount ?? 0);

  /** At the second look: a burst is no fault of a client that reads, and needs a turn of the event loop to go out. */
  function cutWhenStuck(): boolean {
    const isStuck = isOpen() && unsent() > MAX_UNSENT_BYTES;
    looks = isStuck ? looks + 1 : 0;
    if (looks < 2) return isStuck;
    cut();
    return false;
  }

  function write(frame: Frame): void {
    if (!isOpen()) return;
    // Not only by timer: timers are late on a busy node, and overflow for tokens that live for a month.
    if (Date.now() > expiresAt()) return cut();
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
    send: write,
    sendGauge(key, frame) {
      if (waiting.size === 0 && unsent() <= GAUGE_BYTES) return write(frame);
      waiting.set(key, frame);
      ticker.until(flushGauges);
    },
    dropGauge: (key) => void waiting.delete(key),
    drained: () =>
      new Promise((resolve) => {
        const isFull = () => {
          if (isOpen() && unsent() > PAGE_BYTES) return true;
          resolve();
          return false;
        };
        // After a turn of the event loop a client that reads has taken the page.
        setImmediate(() => isFull() && ticker.until(isFull));
      }),
    cut,
  };
}

function bytesOf({ data, options }: Packet): number {
  const frame: unknown = Array.isArray(options?.wsPreEncodedFrame)
    ? options.wsPreEncodedFrame[0]
    : data;
  return typeof frame === "string" || Buffer.isBuffer(frame) ? Buffer.byteLength(frame) : 0;
}

/** A socket that is closed but never read from keeps its buffer for half a minute; a terminated one does not. */
function cutTransport(conn: Connection): void {
  const socket = webSocketOf(conn);
  conn.close(true);
  socket?.terminate();
}

const webSocketOf = ({ transport }: Connection): WebSocketLike | undefined =>
  transport.name === "websocket" ? transport.socket : undefined;

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
