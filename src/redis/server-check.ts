import type { Logger } from "../lib/logger.ts";

/** Trimming by time needs it. */
const MIN_VERSION = [6, 2] as const;

/** Refuses a Redis that cannot keep what is promised, and warns of one that might not; each with its remedy. */
export async function checkRedisServer(
  redis: { info(): Promise<string> },
  log: Logger,
): Promise<void> {
  const info = parseInfo(await redis.info());
  const version = info["redis_version"] ?? "0";
  if (!isAtLeast(version, MIN_VERSION))
    throw new Error(`Redis ${version} is too old: 6.2 or newer is needed`);
  const policy = info["maxmemory_policy"];
  if (policy !== undefined && policy !== "noeviction" && info["maxmemory"] !== "0") {
    throw new Error(
      `Redis may evict jobs and events (maxmemory-policy ${policy}). Remedy: CONFIG SET maxmemory-policy noeviction`,
    );
  }
  if (info["aof_enabled"] === "0") {
    log.warn(
      "Redis keeps no append-only file: a restart loses what was accepted since the last snapshot. Remedy: CONFIG SET appendonly yes",
    );
  }
}

function parseInfo(text: string): Record<string, string | undefined> {
  const lines = text.split("\r\n").filter((line) => line.includes(":"));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]),
  );
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
