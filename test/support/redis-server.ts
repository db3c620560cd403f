import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";
import { type MortalServer, startServer } from "./server-process.ts";

export interface RedisServerOptions {
  port?: number;
  /** Keeps all that was acknowledged in this folder; otherwise nothing is kept. */
  dir?: string;
  /** Asked of every client; part of `url`. */
  password?: string;
  /** As on the command line of redis-server; those of several words as a list. */
  settings?: Record<string, string | string[]>;
}

/** A Redis of its own, on a free port unless one is given. */
export async function startRedisServer({
  port,
  dir,
  password,
  settings = {},
}: RedisServerOptions = {}): Promise<MortalServer & { url: string; port: number }> {
  const own = port ?? (await freePort());
  const url = `redis://${password === undefined ? "" : `:${password}@`}127.0.0.1:${own}`;
  const options = {
    port: `${own}`,
    bind: "127.0.0.1",
    save: "",
    "maxmemory-policy": "noeviction",
    ...(dir === undefined ? {} : { dir, appendonly: "yes", appendfsync: "always" }),
    ...(password === undefined ? {} : { requirepass: password }),
    ...settings,
  };
  const server = await startServer({
    command: [
      "redis-server",
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value].flat()),
    ],
    signal: "SIGTERM",
    isUp: () => answers(url),
  });
  return { ...server, url, port: own };
}

export async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return (await redis.ping()) === "PONG";
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}
