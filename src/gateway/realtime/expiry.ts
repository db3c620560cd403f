import type { AuthErrorEvent } from "../../contract/socket.ts";
import type { Caller } from "../../contract/tokens.ts";
import { LEEWAY_MS, type Tokens } from "../auth/tokens.ts";
import { say } from "./message.ts";
import type { Session } from "./session.ts";

const WARN_BEFORE_MS = 30_000;
const EXPIRING: AuthErrorEvent = {
  code: "token_expiring",
  message: "The token runs out in 30 seconds or less",
};
const LOOK_EVERY_MS = 1000;

/** The caller of a socket's token. */
export const verifyForSocket = async (
  tokens: Pick<Tokens, "verifyToken">,
  token: string,
): Promise<Caller> => atTheDoor(await tokens.verifyToken(token));

/** A token that has just run out is good for its leeway: were a connection closed at `exp`, its client would be let in and cut again and again. */
export const atTheDoor = (caller: Caller): Caller =>
  caller.expiresAt > Date.now() ? caller : { ...caller, expiresAt: caller.expiresAt + LEEWAY_MS };

/** Warns clients some 30 s before their tokens run out, and closes the transport of those whose has. All are looked at together: a timer for each would cost more. */
export function watchExpiry(sessions: Iterable<Session>): NodeJS.Timeout {
  return setInterval(() => {
    const now = Date.now();
    for (const session of sessions) checkExpiry(session, now);
  }, LOOK_EVERY_MS).unref();
}

/** At once, for a token that is new here. */
export function checkExpiry(session: Session, now = Date.now()): void {
  const { caller, outlet, wire } = session;
  const left = caller.expiresAt - now;
  if (left > WARN_BEFORE_MS || !wire.isOpen) return;
  if (left <= 0) return outlet.cut("expired");
  if (session.warnedOf === caller) return;
  session.warnedOf = caller;
  outlet.send(say("auth-error", EXPIRING));
}
