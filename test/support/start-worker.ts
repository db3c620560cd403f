import { join } from "node:path";
import { pino } from "pino";
import type { Logger } from "../../src/lib/logger.ts";
import { openRedis } from "../../src/redis/connect.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import type { Store } from "../../src/storage/store.ts";
import { createCancellations } from "../../workers/cancellations.ts";
import { createChildPool } from "../../workers/child-pool.ts";
import type { Task } from "../../workers/define-worker.ts";
import type { Engines } from "../../workers/engines.ts";
import { createLaneWorker, type LaneWorker } from "../../workers/run-worker.ts";
import { openScratch } from "../../workers/scratch.ts";
import { createStartLimit } from "../../workers/start-limit.ts";
import probe, { probeModule } from "./probe-task.ts";

export interface WorkerSetup {
  redisUrl: string;
  prefix: string;
  /** For the store and for temporary files. */
  folder: string;
  task?: Task;
  module?: string;
  concurrency?: number;
  /** Keeps cancel messages from the worker, as a link that is down does. */
  isDeaf?: boolean;
  allowPrivateUrls?: boolean;
  /** Where programs are found; that of the tests unless given. */
  path?: string;
  engines?: Engines;
  perMinute?: number;
  log?: Logger;
  /** A folder below `folder`, unless given. */
  store?: Store;
}

/** A worker as a process would start it, with a pool of children of its own. */
export async function startWorker(setup: WorkerSetup): Promise<LaneWorker> {
  const { redisUrl, prefix, folder, task = probe, module = probeModule, concurrency = 1 } = setup;
  const { log = pino({ level: "silent" }) } = setup;
  const keys = createKeys(prefix);
  const redis = openRedis(redisUrl, "worker-test");
  const subscriber = openRedis(redisUrl, "worker-test-cancel");
  const scratch = await openScratch(folder);
  const pool = createChildPool({
    maxIdle: concurrency,
    maxHeapMb: 512,
    tempDir: scratch.path,
    path: setup.path ?? process.env["PATH"] ?? "",
  });
  const heard =
    setup.isDeaf === true ? createKeys(`${prefix}-deaf`).cancelChannel : keys.cancelChannel;
  const cancellations = createCancellations({
    redis,
    subscriber,
    keys: { ...keys, cancelChannel: heard },
    log,
  });
  const worker = createLaneWorker({
    task,
    module,
    lane: "normal",
    concurrency,
    redis,
    keys,
    store: setup.store ?? createDiskStore({ root: join(folder, "files") }),
    pool,
    scratch: scratch.path,
    cancellations,
    settings: {
      maxInputBytes: 1_000_000,
      fetchTimeoutMs: 5000,
      allowPrivateUrls: setup.allowPrivateUrls ?? true,
      logLevel: "silent",
      engines: setup.engines ?? {},
    },
    limit:
      task.type === "analysis"
        ? createStartLimit({ redis, keys, type: task.type, perMinute: setup.perMinute })
        : undefined,
    log,
  });
  return {
    queue: worker.queue,
    get concurrency() {
      return worker.concurrency;
    },
    get active() {
      return worker.active;
    },
    async close(graceMs) {
      await worker.close(graceMs);
      cancellations.close();
      await pool.close();
      await scratch.close();
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}
