import type { Audience } from "../../contract/names.ts";
import { PROTOCOL } from "../../contract/socket.ts";
import type { Caller } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import { createTurns } from "../../lib/turns.ts";
import type { IsOriginAllowed } from "../auth/origins.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { Connections } from "./connections.ts";
import { verifyForSocket } from "./expiry.ts";
import { createOutlet, type Ticker } from "./outlet.ts";
import type { Session } from "./session.ts";
import type { Wire } from "./wire.ts";

export interface SessionDeps {
  tokens: Pick<Tokens, "verifyToken">;
  connections: Pick<Connections, "admit" | "leave">;
  isOriginAllowed: IsOriginAllowed;
  ticker: Ticker;
}

/** A connection of somebody who wants to listen, over whichever transport. */
export interface Newcomer {
  /** Of the session: no two are alike. */
  id: string;
  cursorOf: (feed: Audience) => unknown;
  wire: Wire;
}

/** What a handshake says. */
export interface Introduction {
  origin: string | undefined;
  host: string | undefined;
  token: unknown;
  /** The newest when it is left out. */
  protocol: unknown;
}

/** Who it is that introduces themselves. Fails with what keeps them out. */
export async function identify(
  { origin, host, token, protocol }: Introduction,
  { tokens, isOriginAllowed }: Pick<SessionDeps, "tokens" | "isOriginAllowed">,
): Promise<Caller> {
  if (!isOriginAllowed(origin, host))
    throw new JobcastError("origin_not_allowed", "This origin may not connect");
  requireProtocol(protocol);
  if (typeof token !== "string") throw new JobcastError("unauthorized", "A token is needed");
  return await verifyForSocket(tokens, token);
}

export function requireProtocol(protocol: unknown): void {
  if ((protocol ?? PROTOCOL) === PROTOCOL || protocol === String(PROTOCOL)) return;
  throw new JobcastError("protocol_unsupported", `Only protocol ${PROTOCOL} is spoken here`);
}

/** Counts a connection in. Fails when its user has too many; then nothing is left behind. */
export async function openSession(
  caller: Caller,
  { id, cursorOf, wire }: Newcomer,
  { connections, ticker }: Pick<SessionDeps, "connections" | "ticker">,
): Promise<Session> {
  const payer = payerOf(caller);
  if (!(await connections.admit(payer, id)))
    throw new JobcastError("too_many_connections", "This user has too many connections");
  // By the transport: one that goes before its client was let in tells by nothing else.
  wire.onClosed(() => connections.leave(payer, id));
  const session: Session = {
    id,
    caller,
    cursorOf,
    seats: new Map(),
    wire,
    outlet: createOutlet({ wire, expiresAt: () => session.caller.expiresAt, ticker }),
    inTurn: createTurns(),
    warnedOf: undefined,
    isClosed: false,
  };
  return session;
}

/** A job's token is handed around: those who hold it must not use up the connections of its maker. */
const payerOf = ({ userId, onlyJob }: Caller): string =>
  onlyJob === undefined ? `user:${userId}` : `job:${onlyJob}`;
