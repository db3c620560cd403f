import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";
import { type ServerProcess, startServer } from "./server-process.ts";

/** A Redis of its own on a free port, with nothing kept on disk. */
export async function startRedisServer(): Promise<ServerProcess & { url: string }> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const options = {
    port: `${port}`,
    bind: "127.0.0.1",
    save: "",
    "maxmemory-policy": "noeviction",
  };
  const server = await startServer({
    command: [
      "redis-server",
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ],
    signal: "SIGTERM",
    isUp: () => answers(url),
  });
  return { ...server, url };
}

async function answers(url: string): Promise<boolean> {
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
