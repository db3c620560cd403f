import { JobcastError } from "../../errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { replyOf } from "./messages.ts";
import type { GatewaySocket } from "./session.ts";

/** Has `call` run when the answer is on its way, so that nothing newer overtakes it. */
export type Afterwards = (call: () => void) => void;
export type Handler = (
  request: unknown,
  afterwards: Afterwards,
) => Promise<Record<string, unknown>>;

/**
 * Answers an event with what `handler` resolves to, or with its error. The request and the acknowledgement may be left out. A client's messages are taken
 * one after the other: of a `subscribe` and an `unsubscribe`, or of two tokens, the last one sent counts.
 */
export function handle(socket: GatewaySocket, event: string, log: Logger, handler: Handler): void {
  const { session } = socket.data;
  socket.on(event, (...args: unknown[]) => {
    const reply = replyOf(args);
    const request = typeof args[0] === "function" ? undefined : args[0];
    void session.inTurn(async () => {
      const calls: (() => void)[] = [];
      try {
        reply({ ok: true, ...(await handler(request, (call) => calls.push(call))) });
        for (const call of calls) call();
      } catch (thrown) {
        const error = JobcastError.from(thrown);
        if (error.code === "internal")
          log.error({ err: thrown, event }, "realtime: a message failed");
        reply({ ok: false, error: error.toWire() });
      }
    });
  });
}
