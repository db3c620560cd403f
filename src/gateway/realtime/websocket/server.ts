import type { IncomingMessage, Server as HttpServer } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Config } from "../../../config.ts";
import { JobcastError } from "../../../errors.ts";
import type { Logger } from "../../../lib/logger.ts";
import type { Admission } from "../admission.ts";
import { openSession, type SessionDeps } from "../identify.ts";
import type { JoinDeps } from "../join.ts";
import { MAX_MESSAGE_BYTES, type Said } from "../receive.ts";
import type { Session } from "../session.ts";
import { findTopics } from "../topics.ts";
import { type Entrance, introduce } from "./entrance.ts";
import { createHearing } from "./hearing.ts";
import { keepAlive } from "./keep-alive.ts";
import { type CloseReason, createWebSocketWire, farewell } from "./wire.ts";
import { randomToken } from "../../../lib/random.ts";

export interface WebSocketsDeps extends JoinDeps, SessionDeps {
  server: HttpServer;
  config: Pick<
    Config,
    "WS_PATH" | "SOCKET_PATH" | "HEARTBEAT_SECONDS" | "HEARTBEAT_TIMEOUT_SECONDS"
  >;
  admission: Admission;
  receive: (
    session: Session,
    jobIds: string[],
  ) => { hear: (said: Said) => void; close: () => void };
  log: Logger;
}

/** The endpoint of plain WebSocket clients: `wscat`, phones, other languages. */
export interface WebSockets {
  readonly size: number;
  close(): void;
}

export function createWebSockets(deps: WebSocketsDeps): WebSockets {
  const { server, config, admission, receive, log } = deps;
  const endpoint = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    // Answered when it is too long; only what is far longer ends the connection.
    maxPayload: 64 * MAX_MESSAGE_BYTES,
  });
  const heartbeat = keepAlive(endpoint.clients, config);

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [pathname = "/"] = (request.url ?? "/").split("?", 1);
    if (pathname === config.WS_PATH)
      return endpoint.handleUpgrade(request, socket, head, (webSocket) =>
        enter(webSocket, request),
      );
    // Socket.IO listens as well, and takes what is its own.
    if (!pathname.startsWith(config.SOCKET_PATH)) refuseUpgrade(socket);
  }

  function enter(webSocket: WebSocket, request: IncomingMessage): void {
    webSocket.on("error", (err) => log.debug({ err }, "websocket"));
    letIn(webSocket, request).catch((thrown: unknown) => {
      const error = JobcastError.from(thrown);
      if (error.code === "internal") log.error({ err: thrown }, "websocket: nobody was let in");
      farewell(webSocket, reasonOf(error), error.code);
    });
  }

  async function letIn(webSocket: WebSocket, request: IncomingMessage): Promise<void> {
    // Before anything is awaited: what the client says meanwhile must not be lost.
    const hearing = createHearing(webSocket);
    admission(request);
    const { caller, standing, topics }: Entrance = await introduce(request, hearing, deps);
    const jobIds = await findTopics(deps, caller, topics);
    const { cursorOf, cursors } = standing;
    const wire = createWebSocketWire(webSocket, { ...cursors });
    const session = await openSession(caller, { id: randomToken(10), cursorOf, wire }, deps);
    const { hear, close } = receive(session, jobIds);
    wire.onClosed(close);
    hearing.forward(hear);
  }

  server.on("upgrade", upgrade);
  return {
    get size() {
      return endpoint.clients.size;
    },
    close() {
      server.off("upgrade", upgrade);
      clearInterval(heartbeat);
      for (const webSocket of endpoint.clients) farewell(webSocket, "draining", "draining");
      endpoint.close();
    },
  };
}

function reasonOf({ code, status }: JobcastError): CloseReason {
  if (code === "origin_not_allowed") return "origin";
  if (status === 401 || status === 403) return "token";
  if (status === 429) return "rate";
  return status === 503 || status === 500 ? "draining" : "invalid";
}

/** To a path where nothing listens. */
function refuseUpgrade(socket: Duplex): void {
  socket.on("error", () => socket.destroy());
  socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", () =>
    socket.destroy(),
  );
}
