import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import type { RedisClient } from "./connect.ts";
import { primariesOf } from "./primaries.ts";

/** Trimming by time needs it. */
const MIN_VERSION = [6, 2] as const;
const LOOK_EVERY_MS = 30_000;

/** What a server cannot keep of what is promised, with the remedy. */
interface Flaw {
  /** Rather no start than such a server. */
  isFatal: boolean;
  text: string;
}

/** Refuses a Redis that cannot keep what is promised, and warns of one that might not; of a cluster each primary. Resolves to the flaws, as `watchRedisServers` takes them. */
export async function checkRedisServers(redis: RedisClient, log: Logger): Promise<Set<string>> {
  // The primaries of a cluster are known when one has answered.
  await redis.ping();
  const flaws = await findFlaws(redis);
  for (const { isFatal, text } of flaws.values()) {
    if (isFatal) throw new Error(text);
    log.warn(text);
  }
  return new Set(flaws.keys());
}

/** Looks again twice a minute until `signal` fires: servers are set anew and replaced while we run. Says only what has changed. */
export async function watchRedisServers(
  redis: RedisClient,
  log: Logger,
  {
    known,
    signal,
    everyMs = LOOK_EVERY_MS,
  }: { known: Set<string>; signal: AbortSignal; everyMs?: number },
): Promise<void> {
  let before = known;
  while (!signal.aborted) {
    await sleep(everyMs, signal);
    if (signal.aborted) return;
    try {
      const flaws = await findFlaws(redis);
      for (const [text, { isFatal }] of flaws)
        if (!before.has(text)) log[isFatal ? "error" : "warn"](text);
      for (const text of before) if (!flaws.has(text)) log.info(`No more: ${text}`);
      before = new Set(flaws.keys());
    } catch (err) {
      log.debug({ err }, "Redis cannot be looked at");
    }
  }
}

/** By their texts, so that a flaw of several servers is one. */
async function findFlaws(redis: RedisClient): Promise<Map<string, Flaw>> {
  const infos = await Promise.all(primariesOf(redis).map((primary) => primary.info()));
  const flaws = infos.flatMap(flawsOf);
  return new Map(flaws.map((flaw) => [flaw.text, flaw]));
}

/** Of what a server answers to `INFO`. */
export function flawsOf(text: string): Flaw[] {
  const info = parseInfo(text);
  // While a cluster changes, a replica may be among its primaries.
  if (info["role"] === "slave") return [];
  const flaws: Flaw[] = [];
  const version = info["redis_version"] ?? "0";
  if (!isAtLeast(version, MIN_VERSION))
    flaws.push({ isFatal: true, text: `Redis ${version} is too old: 6.2 or newer is needed` });
  const policy = info["maxmemory_policy"];
  if (policy !== undefined && policy !== "noeviction" && info["maxmemory"] !== "0")
    flaws.push({
      isFatal: true,
      text: `Redis may evict jobs and events (maxmemory-policy ${policy}). Remedy: CONFIG SET maxmemory-policy noeviction`,
    });
  if (info["aof_enabled"] === "0")
    flaws.push({
      isFatal: false,
      text: "Redis keeps no append-only file: a restart loses what was accepted since the last snapshot. Remedy: CONFIG SET appendonly yes",
    });
  // The second field is there only where the number is above 0.
  if (Number(info["connected_slaves"]) > 0 && info["min_slaves_good_slaves"] === undefined)
    flaws.push({
      isFatal: false,
      text: "A Redis that is cut off from its replicas goes on taking what its successor will not have. Remedy: CONFIG SET min-replicas-to-write 1",
    });
  return flaws;
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
