import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Redis } from "ioredis";
import { describe, expect, vi } from "vitest";
import { openRedis } from "../../src/redis/connect.ts";
import { startPrivateRedis } from "../../src/redis/private-redis.ts";
import { test as base } from "../support/folder.ts";

const log = { warn: vi.fn<() => void>(), error: vi.fn<() => void>() };

const PROGRAM = `
  import { startPrivateRedis } from ${JSON.stringify(new URL("../../src/redis/private-redis.ts", import.meta.url).href)};
  await startPrivateRedis({ dir: process.argv[1], log: console });
  console.log("started");
`;

const test = base
  /** Starts the server of the folder; whatever is left at the end is closed. */
  .extend("start", async ({ folder }, { onCleanup }) => {
    const closers: (() => Promise<void>)[] = [];
    onCleanup(async () => {
      for (const close of closers) await close().catch(() => {});
    });
    return async (dir = folder, stopTimeoutMs = 10_000) => {
      const server = await startPrivateRedis({ dir, log, stopTimeoutMs });
      const redis = openRedis(server.target, "test").on("error", () => {});
      let closing: Promise<void> | undefined;
      const close = () => {
        redis.disconnect();
        return (closing ??= server.close());
      };
      closers.push(close);
      return { ...server, redis, close };
    };
  });

async function pidOf(redis: Redis): Promise<number> {
  return Number(/process_id:(\d+)/.exec(await redis.info("server"))?.[1]);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe("the private Redis", () => {
  test("keeps what it acknowledged over a stop and a start", async ({ start }) => {
    const first = await start();
    await first.redis.set("key", "value");
    const pid = await pidOf(first.redis);
    await first.close();
    // Its links go with it; that it has ended is known when this process has heard of it.
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false));

    const second = await start();
    expect(await second.redis.get("key")).toBe("value");
    expect(await second.redis.config("GET", "appendfsync")).toContain("always");
    expect(await second.redis.config("GET", "maxmemory-policy")).toContain("noeviction");
  });

  test("is adopted, not doubled, when its process was killed", async ({ folder, start }) => {
    const args = ["--input-type=module-typescript", "--eval", PROGRAM, folder];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    await expect(startPrivateRedis({ dir: folder, log })).rejects.toThrow(
      `in use by process ${child.pid}`,
    );
    const redis = openRedis(join(folder, "redis.sock"), "test");
    const pid = await pidOf(redis);
    redis.disconnect();
    child.kill("SIGKILL");
    await once(child, "exit");

    const adopted = await start();
    expect(await pidOf(adopted.redis)).toBe(pid);
    await adopted.close();
    expect(await pidOf((await start()).redis)).not.toBe(pid);
    const startsLogged = (await readFile(join(folder, "redis.log"), "utf8")).match(/is starting/g);
    expect(startsLogged).toHaveLength(2);
  });

  test("is started again when it dies, with all it acknowledged", async ({ start }) => {
    const { redis } = await start();
    await redis.set("key", "value");
    const pid = await pidOf(redis);
    process.kill(pid, "SIGKILL");
    await vi.waitFor(async () => expect(await pidOf(redis)).not.toBe(pid));
    expect(await redis.get("key")).toBe("value");
  });

  test("is killed when it does not stop in time", async ({ folder, start }) => {
    const frozen = await start(folder, 200);
    const pid = await pidOf(frozen.redis);
    process.kill(pid, "SIGSTOP");
    await frozen.close();
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
  });

  test("works in a folder whose path is too long for a socket", async ({
    folder,
    start,
    onTestFinished,
  }) => {
    const deep = join(folder, "d".repeat(60), "e".repeat(60));
    const { redis, target } = await start(deep);
    expect(await redis.ping()).toBe("PONG");
    expect(target.length).toBeLessThan(100);
    onTestFinished(() => rm(dirname(target), { recursive: true }));
  });

  test("tells why it does not start", async ({ folder, start }) => {
    const first = await start();
    await first.redis.set("key", "value");
    await first.close();
    const files = await readdir(join(folder, "appendonlydir"));
    for (const file of files) await writeFile(join(folder, "appendonlydir", file), "broken");
    await expect(startPrivateRedis({ dir: folder, log })).rejects.toThrow(
      /does not answer: .*(AOF|append|manifest)/i,
    );
  });
});
