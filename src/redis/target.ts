import type { Socket } from "node:net";

/** Where Redis is: `redis://…`, `rediss://…` or the path of a Unix socket; or sentinels that know where; or some nodes of a cluster. */
export type RedisTarget = string | SentinelTarget | ClusterTarget;

export interface SentinelTarget {
  kind: "sentinel";
  sentinels: Endpoint[];
  /** By which the sentinels know the primary. */
  name: string;
  /** For the servers; each sentinel has its own. */
  login: Login;
  /** Shared by the connections of a process; without it each finds out about a failover when its link breaks. */
  watch?: LinkWatch;
}

export interface ClusterTarget {
  kind: "cluster";
  /** The others are learnt from these. */
  nodes: Endpoint[];
  login: Login;
}

export interface Address {
  host: string;
  port: number;
}

/** Who the primary was at an epoch; of two that differ the later one counts. */
export interface Primary extends Address {
  epoch: number;
}

/** Is told of each link to a primary. */
export interface LinkWatch {
  add(primary: Primary, socket: Socket): void;
}

export const toText = ({ host, port }: Address): string => `${host}:${port}`;

/** As ioredis takes it. */
export interface Login {
  username?: string;
  password?: string;
  tls?: Record<string, never>;
}

export type Endpoint = Address & Login;

const SENTINEL_PORT = 26379;
const REDIS_PORT = 6379;

/** Of `host:port`, or with more to say `redis://user:password@host:port`, `rediss://…`. */
export function toSentinelTarget(sentinels: readonly string[], name: string): SentinelTarget {
  const { host, login } = parseEndpoint(name, 0);
  return {
    kind: "sentinel",
    sentinels: sentinels.map((text) => toEndpoint(text, SENTINEL_PORT)),
    name: host,
    login,
  };
}

/** All nodes take the login of the first one named. */
export function toClusterTarget(nodes: readonly string[]): ClusterTarget {
  const login = parseEndpoint(nodes[0] ?? "", REDIS_PORT).login;
  return { kind: "cluster", nodes: nodes.map((text) => toEndpoint(text, REDIS_PORT)), login };
}

function toEndpoint(text: string, defaultPort: number): Endpoint {
  const { host, port, login } = parseEndpoint(text, defaultPort);
  return { host, port, ...login };
}

function parseEndpoint(text: string, defaultPort: number): Address & { login: Login } {
  const url = new URL(text.includes("://") ? text : `redis://${text}`);
  return {
    // Brackets belong to addresses of IPv6 in URLs alone.
    host: decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? defaultPort : Number(url.port),
    login: {
      ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
      ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
      ...(url.protocol === "rediss:" ? { tls: {} } : {}),
    },
  };
}
