import { JobcastError } from "../../errors.ts";
import { MAX_MESSAGE_BYTES, OVERSIZED } from "./parser.ts";
import { type GatewaySocket, noReply, type Reply } from "./session.ts";

const WINDOW_MS = 10_000;
const MAX_IN_WINDOW = 100;
/** Whoever goes on after being told so often is disconnected, and stays away. */
const MAX_REFUSED = 100;

/** Answers every message that no handler should see: too many, too long, or of an event that is not known. */
export function registerMessageRules(
  socket: GatewaySocket,
  events: ReadonlySet<string>,
  now = Date.now,
): void {
  let windowStart = now();
  let count = 0;
  socket.use((packet, next) => {
    if (now() - windowStart >= WINDOW_MS) {
      windowStart = now();
      count = 0;
    }
    count += 1;
    const error = refuse(packet[0], count, events);
    if (error === undefined) return next();
    replyOf(packet)({ ok: false, error: error.toWire() });
    if (count > MAX_IN_WINDOW + MAX_REFUSED) socket.disconnect(true);
  });
}

function refuse(
  event: unknown,
  count: number,
  events: ReadonlySet<string>,
): JobcastError | undefined {
  if (count > MAX_IN_WINDOW)
    return new JobcastError("rate_limited", "At most 100 messages in 10 seconds");
  if (event === OVERSIZED)
    return new JobcastError("too_large", `A message has at most ${MAX_MESSAGE_BYTES} bytes`);
  if (typeof event !== "string" || !events.has(event))
    return new JobcastError("invalid", "Unknown event");
  return undefined;
}

/** The acknowledgement is the last argument, if the client wants one. */
export function replyOf(args: unknown[]): Reply {
  const last = args.at(-1);
  return isReply(last) ? last : noReply;
}

const isReply = (value: unknown): value is Reply => typeof value === "function";
