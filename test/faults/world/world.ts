import { fileURLToPath } from "node:url";
import { createKeys, type Keys } from "../../../src/redis/keys.ts";
import { type Cluster, startCluster } from "../../support/cluster.ts";
import { type PostgresServer, startPostgresServer } from "../../support/postgres-server.ts";
import { openSmallDisk, type SmallDisk } from "./small-disk.ts";
import { startClusterSet } from "./cluster-set.ts";
import type { RedisKind, RedisSet } from "./redis-set.ts";
import { startSentinelSet } from "./sentinel-set.ts";

export type Role = "gateway" | "recorder" | "worker";

/** Of a process, in bytes. */
export interface Memory {
  resident: number;
  heapUsed: number;
  heapTotal: number;
  external: number;
}

/** Everything that is there to be broken, and the ways to it. */
export interface World {
  /** Of the load balancer. */
  url: string;
  secret: string;
  prefix: string;
  keys: Keys;
  partitions: number;
  redis: RedisSet;
  postgres: PostgresServer;
  /** Where the file store is. */
  disk: SmallDisk;
  cluster: Cluster;
  namesOf(role: Role): string[];
  /** The recorder that reads the queue now. */
  activeRecorder(): Promise<string>;
  /** Of the largest gateway. */
  gatewayMemory(): Promise<Memory>;
  close(): Promise<void>;
}

export interface WorldOptions {
  redis: RedisKind;
  counts: Record<Role, number>;
  heartbeatSeconds: number;
  workerConcurrency: number;
}

const PARTITIONS = 16;
const WORKERS_DIR = fileURLToPath(new URL("../workers", import.meta.url));
/** The queue that most jobs go through. */
export const MAIN_QUEUE = "paced.normal";

/** Resolves when every process is ready. Whatever was started when one does not start is stopped. */
export async function startWorld({
  redis: kind,
  counts,
  heartbeatSeconds,
  workerConcurrency,
}: WorldOptions): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    const prefix = "faults";
    const keys = createKeys(prefix);
    const redis = await (kind === "sentinel"
      ? startSentinelSet()
      : startClusterSet(keys.events(MAIN_QUEUE)));
    stack.defer(() => redis.close());
    const postgres = await startPostgresServer();
    stack.defer(() => postgres.stop());
    const disk = await openSmallDisk();
    stack.defer(() => disk.close());
    const nodes = Object.entries(counts).flatMap(([role, count]) =>
      Array.from({ length: count }, (_, i) => [`${role}-${i + 1}`, [role]] as const),
    );
    const cluster = await startCluster({
      redisUrl: "",
      postgresUrl: postgres.url,
      prefix,
      nodes: Object.fromEntries(nodes.map(([name, roles]) => [name, [...roles]])),
      env: {
        ...redis.env,
        STORAGE_URL: `file:${disk.folder}`,
        WORKERS_DIR,
        WORKER_CONCURRENCY: `${workerConcurrency}`,
        HEARTBEAT_SECONDS: `${heartbeatSeconds}`,
        HEARTBEAT_TIMEOUT_SECONDS: `${heartbeatSeconds}`,
      },
    });
    stack.defer(() => cluster.close());
    const namesOf = (role: Role) =>
      Array.from({ length: counts[role] }, (_, i) => `${role}-${i + 1}`);

    return {
      url: cluster.url,
      secret: cluster.secret,
      prefix,
      keys,
      partitions: PARTITIONS,
      redis,
      postgres,
      disk,
      cluster,
      namesOf,
      async activeRecorder() {
        const holder = await redis.control().hget(keys.lease(MAIN_QUEUE), "holder");
        for (const name of namesOf("recorder"))
          if ((await cluster.idOf(name).catch(() => "")) === holder) return name;
        throw new Error(`No recorder holds the lease of ${MAIN_QUEUE}`);
      },
      async gatewayMemory() {
        const all = await Promise.all(
          namesOf("gateway").map((name) => readMemory(cluster.opsUrlOf(name))),
        );
        return all.reduce((most, one) => (one.resident > most.resident ? one : most));
      },
      close: () => stack.disposeAsync(),
    };
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

async function readMemory(opsUrl: string): Promise<Memory> {
  const metrics = await fetch(`${opsUrl}/metrics`, { signal: AbortSignal.timeout(5000) })
    .then((answer) => answer.text())
    .catch(() => "");
  const bytesOf = (name: string) =>
    Number(new RegExp(`^${name}\\S* (\\S+)`, "m").exec(metrics)?.[1] ?? 0);
  return {
    resident: bytesOf("process_resident_memory_bytes"),
    heapUsed: bytesOf("nodejs_heap_size_used_bytes"),
    heapTotal: bytesOf("nodejs_heap_size_total_bytes"),
    external: bytesOf("nodejs_external_memory_bytes"),
  };
}
