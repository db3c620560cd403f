import type { Server as HttpServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import type { Redis } from "ioredis";
import { Server } from "socket.io";
import type { Config } from "../../config.ts";
import { JobcastError } from "../../errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Keys } from "../../redis/keys.ts";
import type { IsOriginAllowed } from "../auth/origins.ts";
import type { Tokens } from "../auth/tokens.ts";
import { createAdmission } from "./admission.ts";
import { registerAuthRefresh } from "./auth-refresh.ts";
import { createConnections } from "./connections.ts";
import { drainSockets } from "./drain.ts";
import { watchExpiry } from "./expiry.ts";
import { createHandshake } from "./handshake.ts";
import { type JoinDeps, welcome } from "./join.ts";
import { registerMessageRules } from "./messages.ts";
import { createTicker } from "./outlet.ts";
import { parser } from "./parser.ts";
import {
  type ClientEvents,
  closeSession,
  type GatewaySocket,
  type ServerEvents,
  type SocketData,
} from "./session.ts";
import { registerSubscribe, registerUnsubscribe } from "./subscribe.ts";

export type RealtimeConfig = Pick<
  Config,
  | "SOCKET_PATH"
  | "WS_MAX_CONNECTIONS"
  | "WS_MAX_CONNECTIONS_PER_USER"
  | "HEARTBEAT_SECONDS"
  | "HEARTBEAT_TIMEOUT_SECONDS"
  | "TRUST_PROXY"
>;

export interface RealtimeDeps extends JoinDeps {
  server: HttpServer;
  config: RealtimeConfig;
  tokens: Pick<Tokens, "verifyToken">;
  isOriginAllowed: IsOriginAllowed;
  isDraining: () => boolean;
  /** For what must not wait: a strict connection with a short timeout. */
  redis: Redis;
  /** For the adapter: what may be lost and is about no single audience. */
  adapterRedis: { publish: Redis; subscribe: Redis };
  keys: Keys;
  log: Logger;
}

export interface Realtime {
  readonly connections: number;
  readonly users: number;
  /** Turns everyone away until someone leaves. */
  readonly isFull: boolean;
  /** Sends the clients away, spread over `windowMs` at most. */
  drain(windowMs: number): Promise<void>;
  close(): Promise<void>;
}

type GatewayServer = Server<ClientEvents, ServerEvents, Record<string, never>, SocketData>;

const CLIENT_EVENTS = new Set(["subscribe", "unsubscribe", "auth-refresh"]);

/** What a client may send at once is answered if it is too long; only what is longer than this ends the connection. */
const MAX_PACKET_BYTES = 4 * 1024 * 1024;

export function createRealtime(deps: RealtimeDeps): Realtime {
  const { server, config, adapterRedis, keys, log, isDraining, isOriginAllowed } = deps;
  const connections = createConnections({
    ...deps,
    maxPerUser: config.WS_MAX_CONNECTIONS_PER_USER,
  });
  const ticker = createTicker();
  const io: GatewayServer = new Server(server, {
    path: config.SOCKET_PATH,
    serveClient: true,
    parser,
    adapter: createAdapter(adapterRedis.publish, adapterRedis.subscribe, { key: keys.adapter }),
    pingInterval: config.HEARTBEAT_SECONDS * 1000,
    pingTimeout: config.HEARTBEAT_TIMEOUT_SECONDS * 1000,
    maxHttpBufferSize: MAX_PACKET_BYTES,
    allowRequest: createAdmission({
      maxConnections: config.WS_MAX_CONNECTIONS,
      trustProxy: config.TRUST_PROXY ?? [],
      connections: () => io.engine.clientsCount,
      isDraining,
    }),
    // The handshake decides; this only lets a browser read the answer of the polling transport.
    cors: {
      origin: (origin, callback) =>
        callback(null, isOriginAllowed(origin, undefined) ? (origin ?? true) : false),
    },
  });

  io.use(createHandshake({ ...deps, connections, ticker }));
  io.on("connection", (socket) => {
    receive(socket, deps).catch((thrown: unknown) => {
      // The job of its token is gone, and will not come back: neither should the client.
      if (JobcastError.from(thrown).code === "not_found") return socket.disconnect(true);
      log.warn({ err: thrown }, "realtime: a client could not be welcomed");
      return socket.data.session.outlet.cut();
    });
  });

  return {
    get connections() {
      return connections.size;
    },
    get users() {
      return connections.users;
    },
    get isFull() {
      return io.engine.clientsCount >= config.WS_MAX_CONNECTIONS;
    },
    async drain(windowMs) {
      await drainSockets([...io.of("/").sockets.values()], windowMs);
    },
    async close() {
      connections.close();
      ticker.close();
      await io.close();
    },
  };
}

/** Handlers first: a client may speak as soon as it is connected. */
async function receive(socket: GatewaySocket, deps: RealtimeDeps): Promise<void> {
  const { session } = socket.data;
  const { log } = deps;
  registerMessageRules(socket, CLIENT_EVENTS);
  registerSubscribe(socket, deps, log);
  registerUnsubscribe(socket, log);
  registerAuthRefresh(socket, deps, log);
  socket.on("disconnect", () => closeSession(session));
  watchExpiry(session);
  await session.inTurn(() => welcome(deps, session, socket.id));
}
