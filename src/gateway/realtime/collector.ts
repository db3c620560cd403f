import type { Cursors, Message } from "./message.ts";
import { PAGE_BYTES } from "./outlet.ts";
import type { Wire } from "./wire.ts";

/** Keeps what it is told for one answer. */
export interface Collector extends Wire {
  readonly messages: readonly Message[];
  /** Resolves when there is anything to tell. */
  heard: Promise<void>;
  /** Resolves when there is something that must not wait. */
  heardFact: Promise<void>;
  /** Resolves when there is as much as an answer should hold. */
  full: Promise<void>;
  closed: Promise<void>;
  close(): void;
}

/** `cursors` is moved on by what is told. */
export function createCollector(cursors: Cursors): Collector {
  const messages: Message[] = [];
  const heard = Promise.withResolvers<void>();
  const heardFact = Promise.withResolvers<void>();
  const full = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  let bytes = 0;
  let isOpen = true;
  const close = () => {
    isOpen = false;
    closed.resolve();
  };
  return {
    messages,
    heard: heard.promise,
    heardFact: heardFact.promise,
    full: full.promise,
    closed: closed.promise,
    close,
    get isOpen() {
      return isOpen;
    },
    // Never more than makes whoever replays wait: nobody is slow who has yet to be answered.
    unsent: () => Math.min(bytes, PAGE_BYTES + 1),
    write(message) {
      messages.push(message);
      const moved = message.cursors;
      Object.assign(cursors, moved);
      bytes += message.data.length;
      heard.resolve();
      if (moved !== undefined) heardFact.resolve();
      if (bytes > PAGE_BYTES) full.resolve();
    },
    onWritten: () => undefined,
    onClosed: (listener) => void closed.promise.then(listener),
    cut: close,
    dismiss: close,
  };
}
