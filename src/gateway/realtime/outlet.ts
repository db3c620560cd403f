import type { Message } from "./message.ts";
import type { CutReason, Wire } from "./wire.ts";

/** What goes out to one client: bounded, and closed the moment its token has run out. */
export interface Outlet {
  /** Sends now. A client whose unsent bytes stay past `MAX_UNSENT_BYTES` is cut off, and picks up from its cursor when it comes back. */
  send(message: Message): void;
  /** Of gauges with one key the newest waits while the client is slow, and goes when there is room. */
  sendGauge(key: string, message: Message): void;
  /** A fact made what waits under this key old. */
  dropGauge(key: string): void;
  /** Resolves when another page of facts would not fill the buffer; fails with `GoneError` when the client is gone. */
  drained(): Promise<void>;
  /** Closes the transport: clients come back by themselves. */
  cut(reason: CutReason): void;
}

/** Whoever left in the middle of a replay needs no more of it. */
export class GoneError extends Error {
  override readonly name = "GoneError";
}

export const MAX_UNSENT_BYTES = 1024 * 1024;
/** Gauges wait from here on: facts need the room. */
const GAUGE_BYTES = 64 * 1024;
export const PAGE_BYTES = 256 * 1024;

export interface OutletOptions {
  wire: Wire;
  /** Ms since 1970. */
  expiresAt: () => number;
  /** Calls back soon, and again until nobody waits; shared by the sockets of a node. */
  ticker: Ticker;
}

export function createOutlet({ wire, expiresAt, ticker }: OutletOptions): Outlet {
  const waiting = new Map<string, Message>();
  let looks = 0;
  wire.onWritten(() => {
    if (wire.unsent() > MAX_UNSENT_BYTES) ticker.until(cutWhenStuck);
  });

  /** At the second look: a burst is no fault of a client that reads, and needs a turn of the event loop to go out. */
  function cutWhenStuck(): boolean {
    const isStuck = wire.isOpen && wire.unsent() > MAX_UNSENT_BYTES;
    looks = isStuck ? looks + 1 : 0;
    if (looks < 2) return isStuck;
    cut("slow");
    return false;
  }

  function write(message: Message): void {
    if (!wire.isOpen) return;
    // Not only by timer: timers are late on a busy node, and overflow for tokens that live for a month.
    if (Date.now() > expiresAt()) return cut("expired");
    wire.write(message);
  }

  function cut(reason: CutReason): void {
    waiting.clear();
    wire.cut(reason);
  }

  function flushGauges(): boolean {
    if (!wire.isOpen) waiting.clear();
    for (const [key, message] of waiting) {
      if (wire.unsent() > GAUGE_BYTES) return true;
      waiting.delete(key);
      write(message);
    }
    return false;
  }

  return {
    send: write,
    sendGauge(key, message) {
      if (waiting.size === 0 && wire.unsent() <= GAUGE_BYTES) return write(message);
      waiting.set(key, message);
      ticker.until(flushGauges);
    },
    dropGauge: (key) => void waiting.delete(key),
    drained: () =>
      new Promise((resolve, reject) => {
        const isFull = () => {
          if (wire.isOpen && wire.unsent() > PAGE_BYTES) return true;
          if (wire.isOpen) resolve();
          else reject(new GoneError());
          return false;
        };
        // After a turn of the event loop a client that reads has taken the page.
        setImmediate(() => isFull() && ticker.until(isFull));
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
