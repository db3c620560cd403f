import type { FastifyInstance } from "fastify";
import type { RedisClient } from "../redis/connect.ts";
import type { Config } from "../config.ts";
import type { Readiness } from "../contract/http.ts";
import { PROTOCOL } from "../contract/socket.ts";
import type { Feeds } from "../feeds/feeds.ts";
import type { Batches } from "../jobs/batches.ts";
import type { Catalog } from "../jobs/catalog.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { Outlook } from "../jobs/outlook.ts";
import type { ReadQueueStatus } from "../jobs/queue-status.ts";
import type { Records } from "../jobs/records.ts";
import type { Uploads } from "../jobs/uploads/uploads.ts";
import type { Logger } from "../lib/logger.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Keys } from "../redis/keys.ts";
import type { Secrets } from "../secrets.ts";
import type { Links } from "../storage/signed-links.ts";
import type { Store } from "../storage/store.ts";
import { JobcastError } from "../errors.ts";
import { createOriginCheck } from "./auth/origins.ts";
import { buildHttp } from "./http/build-http.ts";
import type { Events } from "./http/event-routes.ts";
import { createRealtime, type Realtime } from "./realtime/realtime.ts";
import { watchWaiting } from "./realtime/waiting.ts";

export interface GatewayDeps {
  config: Config;
  secrets: Secrets;
  catalog: Catalog;
  jobs: Jobs;
  uploads: Uploads;
  batches: Batches;
  records: Pick<Records, "read">;
  outlook: Outlook;
  queueStatus: ReadQueueStatus;
  feeds: Feeds;
  store: Store;
  links: Links;
  /** For what must not wait: a strict connection with a short timeout. */
  redis: RedisClient;
  adapterRedis: { publish: RedisClient; subscribe: RedisClient };
  keys: Keys;
  readiness: () => Promise<Readiness>;
  isDraining: () => boolean;
  metrics: Metrics;
  /** Where the built page is, if it is. */
  webFolder: string;
  node: string;
  log: Logger;
}

/** So many connections may wait to be taken; Linux makes it 4096 at most unless told otherwise. Of more than wait here, a client's first try is dropped, and the next comes after one second, two, four. */
const BACKLOG = 65_535;

/** A node: HTTP and sockets on one port. */
export interface Gateway {
  app: FastifyInstance;
  /** Where it listens, as `http://host:port`. */
  address: string;
  /** Sends the clients away in order; `close` comes after. */
  drain(windowMs: number): Promise<void>;
  /** Lets requests in hand finish, until the window of `drain` is over. */
  close(): Promise<void>;
}

export async function createGateway(deps: GatewayDeps): Promise<Gateway> {
  const { config, feeds, isDraining, metrics, node } = deps;
  let realtime: Realtime | undefined;
  const stats = () => ({
    available: !isDraining() && realtime?.isFull === false,
    transports: ["websocket", "polling", "sse", "long-poll", "ws"],
    protocol: PROTOCOL,
    connections: realtime?.connections ?? 0,
    users: realtime?.users ?? 0,
    node,
  });
  const live = (): Realtime => {
    if (realtime === undefined) throw new JobcastError("unavailable", "This node is starting");
    return realtime;
  };
  const events: Events = {
    poll: (request) => live().poll(request),
    openStream: (request) => live().openStream(request),
  };
  const app = await buildHttp({ ...deps, stats, events });
  realtime = createRealtime({
    ...deps,
    server: app.server,
    tokens: app.tokens,
    sign: deps.links.sign,
    isOriginAllowed: createOriginCheck({
      allowed: config.CORS_ORIGINS,
      publicUrl: config.PUBLIC_URL,
    }),
  });
  const waiting = watchWaiting(deps);
  const { drain, close: closeServer } = createLeaving(app, realtime);
  const close = async () => {
    await waiting.close();
    await closeServer();
  };
  metrics.gauge("jobcast_connections", "Sockets connected to this node", () => stats().connections);
  metrics.gauge("jobcast_users", "Users connected to this node", () => stats().users);
  metrics.gauge(
    "jobcast_recorder_silence_seconds",
    "Since a recorder was last heard",
    () => feeds.silentMs() / 1000,
  );
  try {
    await feeds.ready;
    const address = await app.listen({ host: config.HOST, port: config.PORT, backlog: BACKLOG });
    return { app, address, drain, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function createLeaving(app: FastifyInstance, realtime: Realtime): Pick<Gateway, "drain" | "close"> {
  let deadline = 0;
  return {
    drain(windowMs) {
      deadline = Date.now() + windowMs;
      return realtime.drain(windowMs);
    },
    async close() {
      // Requests in hand may finish, but an upload that takes hours must not keep the process for as long.
      const leftMs = Math.max(0, deadline - Date.now());
      const cutting = setTimeout(() => app.server.closeAllConnections(), leftMs);
      // Sockets first: with one open, Fastify would wait for it.
      await realtime.close();
      await app.close();
      clearTimeout(cutting);
    },
  };
}
