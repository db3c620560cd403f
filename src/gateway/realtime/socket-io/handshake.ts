import { Compile } from "typebox/compile";
import type { Audience } from "../../../contract/names.ts";
import { HandshakeAuth } from "../../../contract/socket.ts";
import { JobcastError } from "../../../errors.ts";
import type { Logger } from "../../../lib/logger.ts";
import { identify, openSession, type SessionDeps } from "../identify.ts";
import type { Session } from "../session.ts";
import type { Wire } from "../wire.ts";
import { type Batches, createBatches } from "./batches.ts";
import type { GatewaySocket } from "./socket.ts";
import { createSocketIoWire } from "./wire.ts";

export interface HandshakeDeps extends SessionDeps {
  log: Logger;
}

/** So often a connection may ask: a page whose token was refused tries others on it. Only new connections are counted by address. */
const MAX_ATTEMPTS = 10;

const isHandshakeAuth = Compile(HandshakeAuth);

/** Socket.IO middleware: knows who connects, or turns them away for good with `connect_error` and `err.data = {code, message}`. */
export function createHandshake(deps: HandshakeDeps) {
  const attempts = new WeakMap<object, number>();
  const batches = createBatches();
  return (socket: GatewaySocket, next: (error?: Error) => void): void => {
    const count = (attempts.get(socket.conn) ?? 0) + 1;
    attempts.set(socket.conn, count);
    if (count > MAX_ATTEMPTS) return socket.conn.close();
    identifySocket(socket, batches, deps).then(
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

async function identifySocket(
  socket: GatewaySocket,
  batches: Batches,
  deps: HandshakeDeps,
): Promise<Session> {
  const { auth, headers, query } = socket.handshake;
  if (!isHandshakeAuth.Check(auth)) throw new JobcastError("invalid", "Malformed auth");
  const { token = query["token"], protocol, cursors } = auth;
  const { origin, host } = headers;
  const caller = await identify({ origin, host, token, protocol }, deps);
  const cursorOf = (feed: Audience) => cursors?.[feed] ?? undefined;
  return await openSession(
    caller,
    { id: socket.id, cursorOf, wire: wireOf(socket, batches) },
    deps,
  );
}

/** Apart from the handshake, so that it keeps nothing of what was said there. */
const wireOf = (socket: GatewaySocket, batches: Batches): Wire =>
  createSocketIoWire({ conn: socket.conn, batches, dismiss: () => socket.disconnect(true) });
