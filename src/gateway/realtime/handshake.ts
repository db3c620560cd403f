import { Compile } from "typebox/compile";
import { HandshakeAuth, PROTOCOL } from "../../contract/socket.ts";
import type { Caller } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import type { Logger } from "../../lib/logger.ts";
import { createTurns } from "../../lib/turns.ts";
import type { IsOriginAllowed } from "../auth/origins.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { Connections } from "./connections.ts";
import { verifyForSocket } from "./expiry.ts";
import { createOutlet, type Ticker } from "./outlet.ts";
import type { GatewaySocket, Session } from "./session.ts";

export interface HandshakeDeps {
  tokens: Pick<Tokens, "verifyToken">;
  connections: Connections;
  isOriginAllowed: IsOriginAllowed;
  ticker: Ticker;
  log: Logger;
}

/** So often a connection may ask: a page whose token was refused tries others on it. Only new connections are counted by address. */
const MAX_ATTEMPTS = 10;

const isHandshakeAuth = Compile(HandshakeAuth);

/** Socket.IO middleware: knows who connects, or turns them away for good with `connect_error` and `err.data = {code, message}`. */
export function createHandshake(deps: HandshakeDeps) {
  const attempts = new WeakMap<object, number>();
  return (socket: GatewaySocket, next: (error?: Error) => void): void => {
    const count = (attempts.get(socket.conn) ?? 0) + 1;
    attempts.set(socket.conn, count);
    if (count > MAX_ATTEMPTS) return socket.conn.close();
    identify(socket, deps).then(
      (session) => {
        socket.data.session = session;
        next();
      },
      (thrown: unknown) => {
        const error = JobcastError.from(thrown);
        if (error.code === "internal")
          deps.log.error({ err: thrown }, "realtime: a handshake failed");
        const { code, message } = error.toWire();
        next(Object.assign(new Error(message), { data: { code, message } }));
      },
    );
  };
}

async function identify(socket: GatewaySocket, deps: HandshakeDeps): Promise<Session> {
  const { tokens, connections, isOriginAllowed, ticker } = deps;
  const { auth, headers, query } = socket.handshake;
  if (!isOriginAllowed(headers.origin, headers.host))
    throw new JobcastError("origin_not_allowed", "This origin may not connect");
  if (!isHandshakeAuth.Check(auth)) throw new JobcastError("invalid", "Malformed auth");
  if ((auth.protocol ?? PROTOCOL) !== PROTOCOL)
    throw new JobcastError("protocol_unsupported", `Only protocol ${PROTOCOL} is spoken here`);
  const token = auth.token ?? query["token"];
  if (typeof token !== "string") throw new JobcastError("unauthorized", "A token is needed");
  const caller = await verifyForSocket(tokens, token);
  const payer = payerOf(caller);
  if (!(await connections.admit(payer, socket.id))) {
    throw new JobcastError("too_many_connections", "This user has too many connections");
  }
  // By the transport, not the socket: one that goes before the handshake is through never tells.
  socket.conn.once("close", () => connections.leave(payer, socket.id));
  if (socket.conn.readyState !== "open") connections.leave(payer, socket.id);
  const session: Session = {
    caller,
    cursors: auth.cursors ?? undefined,
    seats: new Map(),
    onRefresh: () => undefined,
    onClose: [],
    isClosed: false,
    inTurn: createTurns(),
    outlet: createOutlet({ conn: socket.conn, expiresAt: () => session.caller.expiresAt, ticker }),
  };
  return session;
}

/** A job's token is handed around: those who hold it must not use up the connections of its maker. */
const payerOf = ({ userId, onlyJob }: Caller): string =>
  onlyJob === undefined ? `user:${userId}` : `job:${onlyJob}`;
