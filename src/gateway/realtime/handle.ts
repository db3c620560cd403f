import { JobcastError } from "../../errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { replyOf } from "./messages.ts";
import type { GatewaySocket } from "./session.ts";

/** Has `call` run when the answer is on its way, so that nothing newer overtakes it. */
export type Afterwards = (call: () => void) => void;

/** Answers an event with what `handler` resolves to, or with its error. The request and the acknowledgement may be left out. */
export function handle(
  socket: GatewaySocket,
  event: string,
  log: Logger,
  handler: (request: unknown, afterwards: Afterwards) => Promise<Record<string, unknown>>,
): void {
  socket.on(event, (...args: unknown[]) => {
    const reply = replyOf(args);
    const request = typeof args[0] === "function" ? undefined : args[0];
    const calls: (() => void)[] = [];
    handler(request, (call) => calls.push(call)).then(
      (answer) => {
        reply({ ok: true, ...answer });
        for (const call of calls) call();
      },
      (thrown: unknown) => {
        const error = JobcastError.from(thrown);
        if (error.code === "internal")
          log.error({ err: thrown, event }, "realtime: a message failed");
        reply({ ok: false, error: error.toWire() });
      },
    );
  });
}
