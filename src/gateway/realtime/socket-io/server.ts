import type { IncomingMessage, Server as HttpServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import type { RedisClient } from "../../../redis/connect.ts";
import { Server } from "socket.io";
import type { Config } from "../../../config.ts";
import type { Keys } from "../../../redis/keys.ts";
import type { IsOriginAllowed } from "../../auth/origins.ts";
import type { Admission } from "../admission.ts";
import { writeTogether } from "../../../lib/write-together.ts";
import { MAX_MESSAGE_BYTES, type Reply, type Said } from "../receive.ts";
import type { Session } from "../session.ts";
import { createHandshake, type HandshakeDeps } from "./handshake.ts";
import { parser } from "./parser.ts";
import { refuseByHttp } from "./refuse.ts";
import type { ClientEvents, GatewaySocket, ServerEvents, SocketData } from "./socket.ts";

export interface SocketIoDeps extends HandshakeDeps {
  server: HttpServer;
  config: Pick<Config, "SOCKET_PATH" | "HEARTBEAT_SECONDS" | "HEARTBEAT_TIMEOUT_SECONDS">;
  isOriginAllowed: IsOriginAllowed;
  admission: Admission;
  /** For the adapter: what may be lost and is about no single audience. */
  adapterRedis: { publish: RedisClient; subscribe: RedisClient };
  keys: Keys;
  /** Takes a client in; what it says is given to the function that comes back, and its going told by `close`. */
  receive: (session: Session) => { hear: (said: Said) => void; close: () => void };
}

/** The endpoint of Socket.IO clients. */
export interface SocketIo {
  /** Connections, those that have not said who they are included. */
  readonly connections: number;
  close(): Promise<void>;
}

type GatewayServer = Server<ClientEvents, ServerEvents, Record<string, never>, SocketData>;

/** What a client may send at once is answered if it is too long; only what is longer than this ends the connection. */
const MAX_PACKET_BYTES = 64 * MAX_MESSAGE_BYTES;

export function createSocketIo(deps: SocketIoDeps): SocketIo {
  const { server, config, adapterRedis, keys, admission, isOriginAllowed, receive } = deps;
  const io: GatewayServer = new Server(server, {
    path: config.SOCKET_PATH,
    serveClient: true,
    // Upgrades of other paths are not its own to end.
    destroyUpgrade: false,
    parser,
    adapter: createAdapter(adapterRedis.publish, adapterRedis.subscribe, { key: keys.adapter }),
    pingInterval: config.HEARTBEAT_SECONDS * 1000,
    pingTimeout: config.HEARTBEAT_TIMEOUT_SECONDS * 1000,
    maxHttpBufferSize: MAX_PACKET_BYTES,
    allowRequest(request, callback) {
      try {
        admission(request);
        callback(null, true);
      } catch (thrown) {
        refuseByHttp(request, thrown);
      }
    },
    // The handshake decides; this only lets a browser read the answer of the polling transport.
    cors: ({ headers: { origin, upgrade } }, callback) =>
      callback(null, {
        origin:
          upgrade === undefined && isOriginAllowed(origin, undefined) ? (origin ?? true) : false,
      }),
  });

  io.engine.on("initial_headers", (_headers: unknown, request: IncomingMessage) => {
    if (request.headers.upgrade !== undefined) writeTogether(request.socket);
  });
  io.use(createHandshake(deps));
  io.on("connection", (socket) => {
    forget(socket);
    const { hear, close } = receive(socket.data.session);
    socket.onAny((event, ...args: unknown[]) => hear(toSaid(event, args)));
    socket.on("disconnect", close);
  });

  return {
    get connections() {
      return io.engine.clientsCount;
    },
    close: () => io.close(),
  };
}

/** Headers, token and the request itself are a fifth of what a connection takes, and were looked at by now. */
function forget(socket: GatewaySocket): void {
  Object.assign(socket.conn, { request: null });
  Object.assign(socket, { handshake: FORGOTTEN });
}

/** Adapters of other nodes may ask for it. */
const FORGOTTEN = {};

/** The acknowledgement is the last argument, if the client wants one. */
function toSaid(event: unknown, args: unknown[]): Said {
  const last = args.at(-1);
  const request = typeof args[0] === "function" ? undefined : args[0];
  return { event, request, reply: isReply(last) ? last : undefined };
}

const isReply = (value: unknown): value is Reply => typeof value === "function";
