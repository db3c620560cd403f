import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Redis } from "ioredis";
import { lockFolder } from "../lib/lock-file.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { openRedis } from "./connect.ts";
import { ensureRedisServer, type ServerPaths } from "./redis-server.ts";
import { socketPath } from "./socket-path.ts";

export interface PrivateRedisOptions {
  /** The data, the server's log and, unless its path is too long, the socket are kept here. */
  dir: string;
  log: Pick<Logger, "warn" | "error">;
  /** For how long the server may take to write down all it has; default 10,000. Then it is killed. */
  stopTimeoutMs?: number;
}

export interface PrivateRedis {
  /** The path of its socket. */
  target: string;
  /** Stops the server and gives the folder back. */
  close(): Promise<void>;
}

/**
 * A `redis-server` for this process alone, listening on a Unix socket. What it acknowledged is on disk. One that a killed process left
 * behind is adopted, never doubled; one that dies is started again. Rejects when another process uses `dir` or no server can be had.
 */
export async function startPrivateRedis({
  dir,
  log,
  stopTimeoutMs = 10_000,
}: PrivateRedisOptions): Promise<PrivateRedis> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(dir);
  try {
    const paths = { dir, socket: await socketPath(dir) };
    await ensureRedisServer(paths);
    const watch = watchServer(paths, log);
    const close = async () => {
      const connection = await watch.end();
      await shutDown(connection, paths, stopTimeoutMs);
      await unlock();
    };
    return { target: paths.socket, close };
  } catch (thrown) {
    await unlock();
    throw thrown;
  }
}

/** Holds a connection, whose loss is how the death of a server shows, our own child or adopted. */
function watchServer(paths: ServerPaths, log: PrivateRedisOptions["log"]) {
  const connection = openRedis(paths.socket, "private-redis");
  let restart: Promise<void> | undefined;
  const revive = () => {
    if (restart !== undefined) return;
    log.warn("The private redis-server is gone, starting it again");
    restart = ensureRedisServer(paths)
      .catch((err: unknown) => log.error({ err }, "The private redis-server does not start"))
      .finally(() => {
        restart = undefined;
      });
  };
  // Each failed attempt closes it anew, so this is also what tries again.
  connection.on("close", revive);
  connection.on("error", () => {});
  const end = async (): Promise<Redis> => {
    connection.off("close", revive);
    await restart;
    return connection;
  };
  return { end };
}

async function shutDown(connection: Redis, { dir }: ServerPaths, timeoutMs: number): Promise<void> {
  const done = new AbortController();
  connection.once("close", () => done.abort());
  // Its only answer is the end of the connection.
  connection.shutdown().catch(() => {});
  await sleep(timeoutMs, done.signal);
  connection.disconnect();
  if (!done.signal.aborted)
    process.kill(Number(await readFile(join(dir, "redis.pid"), "utf8")), "SIGKILL");
}
