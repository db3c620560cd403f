import { join } from "node:path";
import { type Config, hasOwnRedis } from "../config.ts";
import { LANES } from "../contract/job.ts";
import { queueName } from "../contract/names.ts";
import { type Database, openDatabase } from "../db/database.ts";
import type { Catalog } from "../jobs/catalog.ts";
import { randomToken } from "../lib/random.ts";
import type { Logger } from "../lib/logger.ts";
import { createMetrics, type Metrics } from "../metrics/metrics.ts";
import { openRedis, openStrictRedis, type RedisClient } from "../redis/connect.ts";
import { type RedisTarget, toClusterTarget, toSentinelTarget } from "../redis/target.ts";
import { createFindPrimary } from "../redis/find-primary.ts";
import { watchPrimary } from "../redis/primary-watch.ts";
import { joinInstallation } from "../redis/installation.ts";
import { createKeys, type Keys } from "../redis/keys.ts";
import { startPrivateRedis } from "../redis/private-redis.ts";
import { checkRedisServers, watchRedisServers } from "../redis/server-check.ts";
import { loadSecrets, type Secrets } from "../secrets.ts";
import { openStore } from "../storage/open-store.ts";
import { createLinks, type Links } from "../storage/signed-links.ts";
import type { Store } from "../storage/store.ts";

export const ROLES = ["gateway", "recorder", "worker"] as const;
export type Role = (typeof ROLES)[number];

/** What the roles of one process share. */
export interface Resources {
  config: Config;
  log: Logger;
  /** Names this process in Redis, metrics and `ready`; no two are alike. */
  node: string;
  keys: Keys;
  target: RedisTarget;
  redis: RedisClient;
  /** For what must be answered soon or not at all. */
  strict: RedisClient;
  store: Store;
  secrets: Secrets;
  links: Links;
  catalog: Catalog;
  queues: string[];
  metrics: Metrics;
  /** Absent in a process that neither reads nor writes the history. */
  database: Database | undefined;
}

export interface ResourcesOptions {
  config: Config;
  roles: ReadonlySet<Role>;
  catalog: Catalog;
  log: Logger;
  /** Closes, in reverse order, what was opened. */
  stack: AsyncDisposableStack;
}

/** So long a request waits for Redis before it is answered with `unavailable`. */
const STRICT_TIMEOUT_MS = 3000;

export async function openResources({
  config,
  roles,
  catalog,
  log,
  stack,
}: ResourcesOptions): Promise<Resources> {
  const node = `${[...roles].join("+")}-${randomToken(8)}`;
  const keys = createKeys(config.REDIS_PREFIX);
  // An embedded history is read by the gateway of its process alone: a recorder without one would write it for nobody.
  const isShared = config.DATABASE_URL !== undefined;
  const needsDatabase = roles.has("gateway") || (roles.has("recorder") && isShared);
  // Side by side, and all waited for: what one opened while another failed is on the stack by then, and is closed with it.
  const opening = [
    openTarget(config, log, stack),
    needsDatabase ? openHistory(config, log, stack) : Promise.resolve(undefined),
    loadSecrets(config),
  ] as const;
  await Promise.allSettled(opening);
  const [target, database, secrets] = await Promise.all(opening);
  const redis = openRedis(target, `jobcast-${node}`);
  const strict = openStrictRedis(target, `jobcast-${node}-strict`, STRICT_TIMEOUT_MS);
  for (const connection of [redis, strict]) {
    connection.on("error", (err) => log.debug({ err }, "redis"));
    stack.defer(() => connection.disconnect());
  }
  const store = openStore(config);
  const known = await checkRedisServers(redis, log);
  const closing = new AbortController();
  void watchRedisServers(redis, log, { known, signal: closing.signal });
  stack.defer(() => closing.abort());
  const isSigning = roles.has("gateway") || roles.has("recorder");
  await joinInstallation(redis, keys, {
    partitions: config.FEED_PARTITIONS,
    storeId: await idOf(store),
    ...(isSigning ? { secrets } : {}),
  });
  return {
    config,
    log,
    node,
    keys,
    target,
    redis,
    strict,
    store,
    secrets,
    links: createLinks({
      signingKey: secrets.signingKey,
      publicUrl: config.PUBLIC_URL,
      ttlSeconds: config.FILE_LINK_TTL_SECONDS,
    }),
    catalog,
    queues: [...catalog.keys()].flatMap((type) => LANES.map((lane) => queueName(type, lane))),
    metrics: createMetrics({ node }),
    database,
  };
}

/** Whatever keeps the files from being reached is told in the operator's words. */
const idOf = (store: Store): Promise<string> =>
  store.id().catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new Error(`STORAGE_URL: the files cannot be reached: ${why}`, { cause });
  });

async function openTarget(
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
): Promise<RedisTarget> {
  const {
    REDIS_URL: url,
    REDIS_CLUSTER_NODES: nodes,
    REDIS_SENTINELS: sentinels,
    REDIS_SENTINEL_NAME: name,
  } = config;
  if (url !== undefined) return url;
  if (nodes !== undefined) return toClusterTarget(nodes);
  if (sentinels !== undefined && name !== undefined) {
    const target = toSentinelTarget(sentinels, name);
    const find = createFindPrimary(target);
    const watch = watchPrimary(() => find(""));
    stack.defer(watch.close);
    return { ...target, watch };
  }
  const server = await startPrivateRedis({ dir: join(config.DATA_DIR, "redis"), log });
  stack.defer(server.close);
  return server.target;
}

async function openHistory(
  config: Config,
  log: Logger,
  stack: AsyncDisposableStack,
): Promise<Database> {
  if (!hasOwnRedis(config) && config.DATABASE_URL === undefined) {
    log.warn(
      "DATABASE_URL is not set: this process keeps a history of its own, which others on this Redis do not see",
    );
  }
  const database = await openDatabase({
    databaseUrl: config.DATABASE_URL,
    dataDir: config.DATA_DIR,
    log,
  });
  stack.defer(database.close);
  return database;
}
