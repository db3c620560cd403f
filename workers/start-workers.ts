import { availableParallelism } from "node:os";
import { LANES } from "../src/contract/job.ts";
import { createWorkerRegistry } from "../src/jobs/worker-registry.ts";
import { openRedis } from "../src/redis/connect.ts";
import type { Workers } from "../src/roles/process.ts";
import type { Resources } from "../src/roles/resources.ts";
import { createCancellations } from "./cancellations.ts";
import { createChildPool } from "./child-pool.ts";
import type { LoadedTask } from "./discover.ts";
import { enginesOf, toEngines } from "./engines.ts";
import { startPulse } from "./pulse.ts";
import { createLaneWorker } from "./run-worker.ts";
import { openScratch } from "./scratch.ts";
import { createStartLimit } from "./start-limit.ts";

const FETCH_TIMEOUT_MS = 300_000;
const CHILD_HEAP_MB = 512;

/** Takes jobs of the configured types and lanes: a queue each, all sharing one pool of child processes. */
export async function startWorkers(
  { config, redis, strict, target, keys, store, node, log }: Resources,
  tasks: readonly LoadedTask[],
): Promise<Workers> {
  const concurrency = config.WORKER_CONCURRENCY ?? availableParallelism();
  const subscriber = openRedis(target, `jobcast-${node}-cancel`);
  subscriber.on("error", (err) => log.debug({ err }, "workers: redis"));
  const cancellations = createCancellations({ redis, subscriber, keys, log });
  const scratch = await openScratch();
  const pool = createChildPool({
    maxIdle: concurrency,
    maxHeapMb: CHILD_HEAP_MB,
    tempDir: scratch.path,
    path: config.programPath,
  });
  const settings = {
    maxInputBytes: config.UPLOAD_MAX_BYTES,
    fetchTimeoutMs: FETCH_TIMEOUT_MS,
    allowPrivateUrls: config.ALLOW_PRIVATE_URLS,
    logLevel: config.LOG_LEVEL,
  };
  const engines = toEngines(config);
  const perMinute = config.ANALYSIS_PER_MINUTE;
  const limits = new Map([
    ["analysis", createStartLimit({ redis, keys, type: "analysis", perMinute })],
  ]);
  const lanes = config.WORKER_LANES ?? LANES;
  const wanted = tasks.filter(({ task }) => config.WORKER_TYPES?.includes(task.type) ?? true);
  const workers = wanted.flatMap(({ task, module }) =>
    lanes.map((lane) =>
      createLaneWorker({
        task,
        module,
        lane,
        concurrency,
        redis,
        keys,
        store,
        pool,
        scratch: scratch.path,
        cancellations,
        settings: { ...settings, engines: enginesOf(task.type, engines) },
        limit: limits.get(task.type),
        log,
      }),
    ),
  );
  const pulse = await startPulse({
    registry: createWorkerRegistry({ redis: strict, keys }),
    id: node,
    read: () =>
      Object.fromEntries(
        workers.map(({ queue, concurrency: slots, active }) => [
          queue,
          { concurrency: slots, active },
        ]),
      ),
    log,
  });
  return {
    async close(graceMs) {
      const closing = workers.map((worker) => worker.close(graceMs));
      // While what is in hand goes on, nobody should count on it any more.
      await Promise.all([...closing, pulse.stop()]);
      cancellations.close();
      subscriber.disconnect();
      await pool.close();
      await scratch.close();
    },
  };
}
