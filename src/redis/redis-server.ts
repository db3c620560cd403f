import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { sleep } from "../lib/sleep.ts";

export interface ServerPaths {
  dir: string;
  socket: string;
}

const PROGRAMS = ["redis-server", "valkey-server"];
const START_TIMEOUT_MS = 10_000;
const PROBE_INTERVAL_MS = 10;

/** Resolves once a server answers on the socket: the one found there, or else a new one. */
export async function ensureRedisServer(paths: ServerPaths): Promise<void> {
  const child = (await probe(paths.socket)) === "absent" ? await spawnServer(paths) : undefined;
  let deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const state = await probe(paths.socket);
    if (state === "ready") return;
    // Reading a large file takes as long as it takes.
    if (state === "loading") deadline = Date.now() + START_TIMEOUT_MS;
    const hasEnded = child !== undefined && (child.exitCode !== null || child.signalCode !== null);
    if (hasEnded || Date.now() > deadline)
      throw new Error(`The private redis-server does not answer: ${await lastWords(paths)}`);
    await sleep(PROBE_INTERVAL_MS);
  }
}

async function spawnServer({ dir, socket }: ServerPaths): Promise<ChildProcess> {
  const options = {
    port: "0",
    unixsocket: socket,
    unixsocketperm: "700",
    daemonize: "no",
    dir,
    pidfile: join(dir, "redis.pid"),
    logfile: join(dir, "redis.log"),
    // An acknowledged write outlives everything but the disk; BullMQ must never lose a key to eviction.
    appendonly: "yes",
    appendfsync: "always",
    save: "",
    "maxmemory-policy": "noeviction",
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  for (const program of PROGRAMS) {
    // Detached: Ctrl+C in a terminal must not end it while this process still drains.
    const child = spawn(program, args, { stdio: "ignore", detached: true });
    const isFound = await once(child, "spawn").then(
      () => true,
      () => false,
    );
    child.unref();
    if (isFound) return child;
  }
  throw new Error("No redis-server found: install redis-server, or set REDIS_URL");
}

async function probe(socket: string): Promise<"ready" | "loading" | "silent" | "absent"> {
  const redis = new Redis(socket, {
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    connectTimeout: 1000,
    commandTimeout: 1000,
  });
  redis.on("error", () => {});
  try {
    await redis.connect();
  } catch {
    return "absent";
  }
  try {
    await redis.ping();
    return "ready";
  } catch (error) {
    return error instanceof Error && error.message.startsWith("LOADING") ? "loading" : "silent";
  } finally {
    redis.disconnect();
  }
}

async function lastWords({ dir }: ServerPaths): Promise<string> {
  const path = join(dir, "redis.log");
  const log = await readFile(path, "utf8").catch(() => "");
  return log.trimEnd().split("\n").slice(-3).join(" | ") || `see ${path}`;
}
