import type { Acknowledgement } from "../../contract/socket.ts";
import { JobcastError } from "../../errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Session } from "./session.ts";

/** Longer messages are answered without being parsed. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
/** Stands for the event of a message that was too long to be parsed. */
export const OVERSIZED = "\u0000oversized";

/** Has `call` run when the answer is on its way, so that nothing newer overtakes it. */
export type Afterwards = (call: () => void) => void;
/** What an event of a client does, and with what it is answered. */
export type Call = (
  session: Session,
  request: unknown,
  afterwards: Afterwards,
) => Promise<Record<string, unknown>>;
/** By the event's name. */
export type Calls = ReadonlyMap<string, Call>;

export type Reply = (acknowledgement: Acknowledgement) => void;

/** Something that a client said. The request and the reply may be left out. */
export interface Said {
  event: unknown;
  request: unknown;
  reply: Reply | undefined;
}

const WINDOW_MS = 10_000;
const MAX_IN_WINDOW = 100;
/** Whoever goes on after being told so often is disconnected, and stays away. */
const MAX_REFUSED = 100;

export interface ReceiverOptions {
  session: Session;
  calls: Calls;
  log: Logger;
  now?: () => number;
}

/**
 * Answers what a client says: with what its call resolves to, or with an error. Messages are taken one after the other: of a `subscribe` and an
 * `unsubscribe`, or of two tokens, the last one sent counts.
 */
export function createReceiver(options: ReceiverOptions): (said: Said) => void {
  const { session, calls, log, now = Date.now } = options;
  let windowStart = now();
  let count = 0;

  /** What the event does, unless there are too many, or it is too long or not known. */
  function find(event: unknown): Call | JobcastError {
    if (now() - windowStart >= WINDOW_MS) {
      windowStart = now();
      count = 0;
    }
    count += 1;
    if (count > MAX_IN_WINDOW)
      return new JobcastError("rate_limited", "At most 100 messages in 10 seconds");
    if (event === OVERSIZED)
      return new JobcastError("too_large", `A message has at most ${MAX_MESSAGE_BYTES} bytes`);
    const call = typeof event === "string" ? calls.get(event) : undefined;
    return call ?? new JobcastError("invalid", "Unknown event");
  }

  async function answer(call: Call, { event, request, reply }: Said): Promise<void> {
    const afterwards: (() => void)[] = [];
    try {
      const done = await call(session, request, (next) => afterwards.push(next));
      reply?.({ ok: true, ...done });
      for (const next of afterwards) next();
    } catch (thrown) {
      const error = JobcastError.from(thrown);
      if (error.code === "internal")
        log.error({ err: thrown, event }, "realtime: a message failed");
      reply?.({ ok: false, error: error.toWire() });
    }
  }

  return (said) => {
    const call = find(said.event);
    if (!(call instanceof JobcastError)) {
      void session.inTurn(() => answer(call, said));
      return;
    }
    said.reply?.({ ok: false, error: call.toWire() });
    if (count > MAX_IN_WINDOW + MAX_REFUSED) session.wire.dismiss();
  };
}
