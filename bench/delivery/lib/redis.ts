import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "../../../test/support/free-port.ts";
import { LOAD_CORE, type Processes, type Spawned } from "./processes.ts";

const START_TIMEOUT_MS = 10_000;

/** A Redis of its own that keeps nothing on disk: what is measured is the way to the clients. */
export async function startRedis(processes: Processes): Promise<Spawned & { url: string }> {
  const port = await freePort();
  const settings = {
    port: `${port}`,
    bind: "127.0.0.1",
    save: "",
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  const spawned = processes.spawn({ command: ["redis-server", ...args], core: LOAD_CORE });
  const url = `redis://127.0.0.1:${port}`;
  const redis = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on("error", () => undefined);
  const isUp = await Promise.race([
    redis.ping().then(() => true),
    delay(START_TIMEOUT_MS, false, { ref: false }),
  ]);
  redis.disconnect();
  if (isUp) return { ...spawned, url };
  await spawned.stop();
  throw new Error(`redis-server did not start:\n${spawned.output()}`);
}
