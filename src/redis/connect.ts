import { Cluster, type ClusterOptions, Redis, type RedisOptions } from "ioredis";
import { connectorTo } from "./connector.ts";
import { writeTogether } from "../lib/write-together.ts";
import { createFindPrimary } from "./find-primary.ts";
import type { Address, ClusterTarget, RedisTarget, SentinelTarget } from "./target.ts";

/** A connection to one server, or to all primaries of a cluster. */
export type RedisClient = Redis | Cluster;

/** A link that is silent for so long when it should answer hangs. BullMQ makes links like it, over which it blocks for up to 10 s. */
const SILENCE_MS = 12_000;

/**
 * A connection for commands: waits while Redis is away and sends again what was not answered, also over a link that hangs. For reads, and for writes that
 * may be repeated. `name` is what `CLIENT LIST` shows.
 */
export function openRedis(target: string, name: string): Redis;
export function openRedis(target: RedisTarget, name: string): RedisClient;
export function openRedis(target: RedisTarget, name: string): RedisClient {
  return open(target, patient(name), WATCHED);
}

/**
 * A connection whose commands are sent once or fail: nothing waits while the link is down, nothing is sent again, so what was in flight
 * when it broke is decided anew by its caller. Answers come within `timeoutMs` or count as lost, and the link with them; without it a command may block. In a
 * cluster, what a node refused because it is another's goes on to that one.
 */
export function openStrictRedis(target: string, name: string, timeoutMs?: number): Redis;
export function openStrictRedis(target: RedisTarget, name: string, timeoutMs?: number): RedisClient;
export function openStrictRedis(
  target: RedisTarget,
  name: string,
  timeoutMs?: number,
): RedisClient {
  return open(target, strict(name, timeoutMs), WATCHED);
}

/**
 * A strict connection that may block, to the one server that has `key`. Which one that is is asked for each link anew: whoever is told that the key has moved,
 * or hears nothing any more, breaks the link.
 */
export function openReader(target: RedisTarget, key: string, name: string): Redis {
  // What is read off such a link as bytes is in the older protocol, which says the same in fewer words.
  const single = { ...strict(name).single, protocol: 2 } as const;
  return typeof target === "string"
    ? new Redis(target, single)
    : new Redis({ ...single, ...located(target, key) });
}

/**
 * A connection for a library that does not look at its promises, Socket.IO's adapter: what it had asked when the connection was closed would otherwise be an
 * unhandled rejection, and end the process.
 */
export const openUnwatchedRedis = (target: RedisTarget, name: string): RedisClient =>
  open(target, patient(name), UNWATCHED);

/** Has the link made anew, of a cluster all of them. One that is being made already is left alone. */
export function relink(redis: RedisClient): void {
  if (redis.status === "ready" || redis.status === "connect") redis.disconnect(true);
}

/** With the replies of RESP2 all through. */
type SingleOptions = Omit<RedisOptions, "replyMapping">;
type ManyOptions = Omit<ClusterOptions, "redisOptions"> & { redisOptions: SingleOptions };

interface Manner {
  single: SingleOptions;
  /** Over those of `single`. */
  sentinel?: SingleOptions;
  many: ManyOptions;
}

interface Clients {
  toUrl: (url: string, options: SingleOptions) => Redis;
  toPrimary: (options: SingleOptions) => Redis;
  toCluster: (nodes: Address[], options: ManyOptions) => Cluster;
}

/** Many ask in the same moment: what hundreds of clients need that come at once, say. */
class GatheringRedis extends Redis {
  override sendCommand(...args: Parameters<Redis["sendCommand"]>): unknown {
    if (this.status === "ready") writeTogether(this.stream);
    return super.sendCommand(...args);
  }
}

const WATCHED: Clients = {
  toUrl: (url, options) => new GatheringRedis(url, options),
  toPrimary: (options) => new GatheringRedis(options),
  toCluster: (nodes, options) => connectAtOnce(new Cluster(nodes, options)),
};

/**
 * Has links made to all nodes. By itself one is made for the first command that needs it, those of a strict connection beside that one fail, and a node that
 * nothing was asked of is never found dead: ioredis goes on trying to subscribe there, thousands of times a second when it is not alone in that.
 */
function connectAtOnce<C extends Pick<Cluster, "on">>(cluster: C): C {
  cluster.on("+node", (node: Redis) => void node.connect().catch(() => undefined));
  return cluster;
}

/**
 * BullMQ blocks on a copy, which it names by the queue, hash tag included. A copy with links to all nodes would be asked for one of them alone, and when links
 * are cut while it is made anew, BullMQ waits for ever for it to say that it has ended. So the copy is to the one server that has the queue, as a reader's is.
 */
function copiedToOne(cluster: Cluster, target: ClusterTarget): Cluster {
  const duplicate = (_nodes: unknown, { redisOptions = {} }: ClusterOptions = {}): Redis => {
    const { connectionName = "" } = redisOptions;
    const { single } = patient(connectionName);
    return new Redis({
      ...single,
      reconnectOnError: isElsewhere,
      ...located(target, connectionName),
    });
  };
  return Object.assign(cluster, { duplicate });
}

function open(
  target: RedisTarget,
  { single, sentinel, many }: Manner,
  clients: Clients,
): RedisClient {
  if (typeof target === "string") return clients.toUrl(target, single);
  if (target.kind === "sentinel")
    return clients.toPrimary({ ...single, ...sentinel, ...located(target, "") });
  const redisOptions = { ...many.redisOptions, ...target.login };
  const nodes = target.nodes.map(({ host, port }) => ({ host, port }));
  return copiedToOne(clients.toCluster(nodes, { ...many, redisOptions }), target);
}

function located(target: SentinelTarget | ClusterTarget, key: string): SingleOptions {
  const { login } = target;
  const find = createFindPrimary(target);
  const watch = target.kind === "sentinel" ? target.watch : undefined;
  return { ...login, Connector: connectorTo({ find: () => find(key), tls: login.tls, watch }) };
}

function patient(connectionName: string): Manner {
  const options = { connectionName, maxRetriesPerRequest: null, socketTimeout: SILENCE_MS };
  return {
    single: { ...options, retryStrategy, reconnectOnError: isDemoted },
    // The next link is to the successor, which takes what was refused.
    sentinel: { reconnectOnError: (err) => (isDemoted(err) ? 2 : false) },
    many: {
      clusterRetryStrategy: retryStrategy,
      maxRedirections: Number.POSITIVE_INFINITY,
      // Two nodes that do not agree yet would have a command go to and fro as fast as it can.
      retryDelayOnMoved: 20,
      dnsLookup,
      redisOptions: { ...options, connectTimeout: CONNECT_TIMEOUT_MS },
    },
  };
}

function strict(connectionName: string, timeoutMs?: number): Manner {
  const options = {
    connectionName,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    ...(timeoutMs === undefined ? {} : { commandTimeout: timeoutMs, socketTimeout: timeoutMs }),
  };
  return {
    single: { ...options, enableOfflineQueue: false, retryStrategy, reconnectOnError: isDemoted },
    many: {
      clusterRetryStrategy: retryStrategy,
      enableOfflineQueue: false,
      // So that all tries are over before the caller's patience is.
      maxRedirections: 5,
      retryDelayOnFailover: 0,
      dnsLookup,
      redisOptions: { ...options, connectTimeout: CONNECT_TIMEOUT_MS },
    },
  };
}

/** Of a node. Shorter than any `timeoutMs`: what waits for the link must not be sent when its caller has given up. */
const CONNECT_TIMEOUT_MS = 2000;

/** A primary that has become a replica refuses writes; the next link is to its successor. Redis 6.2 puts the word into an `ERR` of the script. */
const isDemoted = (err: Error): boolean => /\bREADONLY\b/.test(err.message);

/** The next link is to whoever has the key by then. */
const isElsewhere = (err: Error): boolean => isDemoted(err) || err.message.startsWith("MOVED ");

/** Names stay names, since certificates are made out to them. */
const dnsLookup: NonNullable<ClusterOptions["dnsLookup"]> = (host, callback) => {
  callback(null, host);
};

class UnwatchedRedis extends Redis {
  override sendCommand(...args: Parameters<Redis["sendCommand"]>): unknown {
    return unwatched(super.sendCommand(...args));
  }
}

class UnwatchedCluster extends Cluster {
  override sendCommand(...args: Parameters<Cluster["sendCommand"]>): unknown {
    return unwatched(super.sendCommand(...args));
  }
}

const UNWATCHED: Clients = {
  toUrl: (url, options) => new UnwatchedRedis(url, options),
  toPrimary: (options) => new UnwatchedRedis(options),
  toCluster: (nodes, options) => connectAtOnce(new UnwatchedCluster(nodes, options)),
};

function unwatched(answer: unknown): unknown {
  Promise.resolve(answer).catch(() => undefined);
  return answer;
}

/** Short at first, since a restart takes less than a second; never above 1 s, since people are waiting. */
function retryStrategy(attempt: number): number {
  const ceiling = Math.min(1000, 25 * 2 ** Math.min(attempt, 6));
  return ceiling / 2 + Math.random() * (ceiling / 2);
}
