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

export const createOutlet = (options: OutletOptions): Outlet => new ClientOutlet(options);

/** A class, since each client has one. */
class ClientOutlet implements Outlet {
  readonly #wire: Wire;
  readonly #expiresAt: () => number;
  readonly #ticker: Ticker;
  /** Gauges; most clients never make one wait. */
  #waiting: Map<string, Message> | undefined;
  #looks = 0;
  // The ticker tells calls from one another by their identity.
  #flushGauges: (() => boolean) | undefined;
  #cutWhenStuck: (() => boolean) | undefined;

  constructor({ wire, expiresAt, ticker }: OutletOptions) {
    this.#wire = wire;
    this.#expiresAt = expiresAt;
    this.#ticker = ticker;
    wire.onWritten(() => {
      if (wire.unsent() <= MAX_UNSENT_BYTES) return;
      ticker.until((this.#cutWhenStuck ??= () => this.#isStuck()));
    });
  }

  /** At the second look: a burst is no fault of a client that reads, and needs a turn of the event loop to go out. */
  #isStuck(): boolean {
    const isStuck = this.#wire.isOpen && this.#wire.unsent() > MAX_UNSENT_BYTES;
    this.#looks = isStuck ? this.#looks + 1 : 0;
    if (this.#looks < 2) return isStuck;
    this.cut("slow");
    return false;
  }

  send(message: Message): void {
    if (!this.#wire.isOpen) return;
    // Not only once a second: what comes too late is not for this client any more.
    if (Date.now() > this.#expiresAt()) return this.cut("expired");
    this.#wire.write(message);
  }

  cut(reason: CutReason): void {
    this.#waiting = undefined;
    this.#wire.cut(reason);
  }

  /** Whether some of them have to wait on. */
  #sendGauges(): boolean {
    if (!this.#wire.isOpen) this.#waiting = undefined;
    for (const [key, message] of this.#waiting ?? []) {
      if (this.#wire.unsent() > GAUGE_BYTES) return true;
      this.#waiting?.delete(key);
      this.send(message);
    }
    this.#waiting = undefined;
    return false;
  }

  sendGauge(key: string, message: Message): void {
    const isFree = this.#waiting === undefined || this.#waiting.size === 0;
    if (isFree && this.#wire.unsent() <= GAUGE_BYTES) return this.send(message);
    this.#waiting ??= new Map();
    this.#waiting.set(key, message);
    this.#ticker.until((this.#flushGauges ??= () => this.#sendGauges()));
  }

  dropGauge(key: string): void {
    this.#waiting?.delete(key);
  }

  drained(): Promise<void> {
    const wire = this.#wire;
    return new Promise((resolve, reject) => {
      const isFull = () => {
        if (wire.isOpen && wire.unsent() > PAGE_BYTES) return true;
        if (wire.isOpen) resolve();
        else reject(new GoneError());
        return false;
      };
      // After a turn of the event loop a client that reads has taken the page.
      setImmediate(() => isFull() && this.#ticker.until(isFull));
    });
  }
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
