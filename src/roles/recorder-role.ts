import { createHistory } from "../recorder/history.ts";
import { createRecorder } from "../recorder/recorder.ts";
import { keepUploadsSwept } from "../recorder/upload-sweep.ts";
import { openStrictRedis } from "../redis/connect.ts";
import type { Resources } from "./resources.ts";

/** Brings what the queues say to the feeds. */
export function startRecorder(resources: Resources, stack: AsyncDisposableStack): void {
  const { config, target, keys, queues, node, links, log } = resources;
  const recorder = createRecorder({
    target,
    keys,
    partitions: config.FEED_PARTITIONS,
    queues,
    holder: node,
    maxFacts: config.FEED_MAX_FACTS,
    ttlHours: config.FEED_TTL_HOURS,
    retentionDays: config.JOB_RETENTION_DAYS,
    sign: links.sign,
    log,
  });
  stack.defer(recorder.close);
}

/** Removes uploads that never became a job. */
export function startUploadSweep(
  { store, redis, keys, log }: Resources,
  stack: AsyncDisposableStack,
): void {
  const closing = new AbortController();
  const sweeping = keepUploadsSwept({ store, redis, keys, log }, closing.signal);
  stack.defer(async () => {
    closing.abort();
    await sweeping;
  });
}

/** Brings what the queues say to the history. With a shared Postgres the recorders do it; else each process that keeps a history of its own. */
export function startHistory(resources: Resources, stack: AsyncDisposableStack): void {
  const { config, target, redis, keys, queues, database, store, log, metrics, node } = resources;
  if (database === undefined) return;
  const blocking = openStrictRedis(target, `jobcast-${node}-history`);
  blocking.on("error", (err) => log.debug({ err }, "history: redis"));
  const history = createHistory({
    redis,
    blocking,
    keys,
    queues,
    database,
    store,
    retentionDays: config.JOB_RETENTION_DAYS,
    log,
  });
  metrics.gauge(
    "jobcast_history_lag_seconds",
    "How long the oldest event not yet in the history has waited",
    () => history.lagMs() / 1000,
  );
  stack.defer(async () => {
    await history.close();
    blocking.disconnect();
  });
}
