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
/** Timers overflow past 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The caller of a socket's token. */
export const verifyForSocket = async (
  tokens: Pick<Tokens, "verifyToken">,
  token: string,
): Promise<Caller> => atTheDoor(await tokens.verifyToken(token));

/** A token that has just run out is good for its leeway: were a connection closed at `exp`, its client would be let in and cut again and again. */
export const atTheDoor = (caller: Caller): Caller =>
  caller.expiresAt > Date.now() ? caller : { ...caller, expiresAt: caller.expiresAt + LEEWAY_MS };

/** Warns a client 30 s before its token runs out, and closes the transport when it has; starts anew after each refresh. */
export function watchExpiry(session: Session): void {
  let warnedOf = 0;
  let timer: NodeJS.Timeout;

  function check(): void {
    const { expiresAt } = session.caller;
    const left = expiresAt - Date.now();
    if (left <= 0) return session.outlet.cut("expired");
    if (left <= WARN_BEFORE_MS && warnedOf !== expiresAt) {
      warnedOf = expiresAt;
      session.outlet.send(say("auth-error", EXPIRING));
    }
    const next = warnedOf === expiresAt ? left : left - WARN_BEFORE_MS;
    timer = setTimeout(check, Math.min(next, MAX_TIMER_MS)).unref();
  }

  check();
  session.onRefresh = () => {
    clearTimeout(timer);
    check();
  };
  session.onClose.push(() => clearTimeout(timer));
}
