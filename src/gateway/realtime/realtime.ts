import type { Server as HttpServer } from "node:http";
import type { RedisClient } from "../../redis/connect.ts";
import type { Config } from "../../config.ts";
import type { EventsAnswer } from "../../contract/http.ts";
import type { Caller } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Keys } from "../../redis/keys.ts";
import type { IsOriginAllowed } from "../auth/origins.ts";
import type { Tokens } from "../auth/tokens.ts";
import { createAdmission } from "./admission.ts";
import { createAuthRefresh } from "./auth-refresh.ts";
import { createConnections } from "./connections.ts";
import { drainSessions } from "./drain.ts";
import { createEventStreams, type EventStreams, type StreamRequest } from "./event-stream.ts";
import { atTheDoor, checkExpiry, watchExpiry } from "./expiry.ts";
import { requireProtocol } from "./identify.ts";
import { type JoinDeps, welcome } from "./join.ts";
import { createLongPolls, type PollRequest } from "./long-poll.ts";
import { type GivenPlace, toStanding } from "./opaque.ts";
import { createTicker } from "./outlet.ts";
import { type Calls, createReceiver, type Said } from "./receive.ts";
import { closeSession, type Session } from "./session.ts";
import { createSocketIo } from "./socket-io/server.ts";
import { createSubscribe, unsubscribe } from "./subscribe.ts";
import { followTopics } from "./topics.ts";
import { createWebSockets } from "./websocket/server.ts";

export type RealtimeConfig = Pick<
  Config,
  | "SOCKET_PATH"
  | "WS_PATH"
  | "WS_MAX_CONNECTIONS"
  | "WS_MAX_CONNECTIONS_PER_USER"
  | "HEARTBEAT_SECONDS"
  | "HEARTBEAT_TIMEOUT_SECONDS"
  | "TRUST_PROXY"
>;

/** By whoever comes over plain HTTP. */
export interface Asked extends GivenPlace {
  caller: Caller;
  /** A comma list. */
  topics?: string | undefined;
  protocol?: string | undefined;
}

export interface RealtimeDeps extends JoinDeps {
  server: HttpServer;
  config: RealtimeConfig;
  tokens: Pick<Tokens, "verifyToken">;
  isOriginAllowed: IsOriginAllowed;
  isDraining: () => boolean;
  /** For what must not wait: a strict connection with a short timeout. */
  redis: RedisClient;
  /** For Socket.IO's adapter: what may be lost and is about no single audience. */
  adapterRedis: { publish: RedisClient; subscribe: RedisClient };
  keys: Keys;
  log: Logger;
}

/** The live side of a gateway: whoever listens, over whichever transport. */
export interface Realtime {
  readonly connections: number;
  readonly users: number;
  /** Turns everyone away until someone leaves. */
  readonly isFull: boolean;
  poll(request: Asked & Pick<PollRequest, "waitMs" | "signal">): Promise<EventsAnswer>;
  /** See `EventStreams.open`. */
  openStream(
    request: Asked & Pick<StreamRequest, "request" | "response">,
  ): ReturnType<EventStreams["open"]>;
  /** Sends the clients away, spread over `windowMs` at most. */
  drain(windowMs: number): Promise<void>;
  close(): Promise<void>;
}

export function createRealtime(deps: RealtimeDeps): Realtime {
  const { config, log, isDraining } = deps;
  const maxConnections = config.WS_MAX_CONNECTIONS;
  const maxPerUser = config.WS_MAX_CONNECTIONS_PER_USER;
  const connections = createConnections({ ...deps, maxPerUser });
  const ticker = createTicker();
  const sessions = new Set<Session>();
  const expiry = watchExpiry(sessions);
  const calls: Calls = new Map([
    ["subscribe", createSubscribe(deps)],
    ["unsubscribe", unsubscribe],
    ["auth-refresh", createAuthRefresh(deps)],
  ]);

  /** What a client says is taken from the start, and answered after its welcome. */
  function receive(
    session: Session,
    jobIds: string[] = [],
  ): { hear: (said: Said) => void; close: () => void } {
    sessions.add(session);
    checkExpiry(session);
    session
      .inTurn(async () => {
        await welcome(deps, session);
        await followTopics(deps, session, jobIds);
      })
      .catch((thrown: unknown) => {
        if (!session.wire.isOpen) return;
        // The job of its token is gone, and will not come back: neither should the client.
        if (JobcastError.from(thrown).code === "not_found") session.wire.dismiss();
        else {
          log.warn({ err: thrown }, "realtime: a client could not be welcomed");
          session.outlet.cut("lost");
        }
      });
    const close = () => {
      sessions.delete(session);
      closeSession(session);
    };
    // Most never say anything.
    let receiver: ReturnType<typeof createReceiver> | undefined;
    const hear = (said: Said) => {
      receiver ??= createReceiver({ session, calls, log });
      receiver(said);
    };
    return { hear, close };
  }

  const admission = createAdmission({
    maxConnections,
    trustProxy: config.TRUST_PROXY ?? [],
    connections: () => open(),
    isDraining,
  });
  const parts = { ...deps, connections, ticker, admission, receive };
  const socketIo = createSocketIo(parts);
  const streams = createEventStreams({ ...parts, heartbeatSeconds: config.HEARTBEAT_SECONDS });
  const polls = createLongPolls({
    ...parts,
    isCrowded: () => isDraining() || open() >= maxConnections,
  });
  const webSockets = createWebSockets(parts);
  const open = () => socketIo.connections + webSockets.size + streams.size + polls.size;

  return {
    get connections() {
      return connections.size;
    },
    get users() {
      return connections.users;
    },
    get isFull() {
      return open() >= maxConnections;
    },
    async poll({ caller, topics = "", protocol, waitMs, signal, ...place }) {
      requireProtocol(protocol);
      const standing = toStanding(place);
      return await polls.ask({ caller: atTheDoor(caller), standing, topics, waitMs, signal });
    },
    async openStream({ caller, topics = "", protocol, request, response, ...place }) {
      requireProtocol(protocol);
      const standing = toStanding(place);
      return await streams.open({ caller: atTheDoor(caller), standing, topics, request, response });
    },
    async drain(windowMs) {
      polls.release();
      await drainSessions([...sessions], windowMs);
    },
    async close() {
      connections.close();
      ticker.close();
      clearInterval(expiry);
      polls.release();
      for (const { wire } of sessions) wire.cut("draining");
      webSockets.close();
      await socketIo.close();
    },
  };
}
