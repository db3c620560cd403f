import { createTailMarksTable } from "../db/tail-marks-table.ts";
import { createHistory } from "../recorder/history.ts";
import { atMost } from "../lib/at-most.ts";
import { keepQueuesSwept } from "../recorder/queue-retention.ts";
import { createRecorder } from "../recorder/recorder.ts";
import type { Unread } from "../recorder/unread.ts";
import { keepUploadsSwept } from "../recorder/upload-sweep.ts";
import { openReaders } from "../redis/stream-readers.ts";
import type { Resources } from "./resources.ts";

type SweepResources = Pick<Resources, "redis" | "keys" | "log">;

const SWEEP_CLOSE_MS = 3000;
const ESTIMATE_ERRORS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5];

/** Brings what the queues say to the feeds. */
export function startRecorder(resources: Resources, stack: AsyncDisposableStack): void {
  const { config, target, keys, queues, catalog, node, links, database, metrics, log } = resources;
  const estimates = metrics.histogramOfQueues(
    "jobcast_estimate_error_ratio",
    "How far the estimate at a job's start was off, as a share of what it then took",
    ESTIMATE_ERRORS,
  );
  const recorder = createRecorder({
    target,
    keys,
    partitions: config.FEED_PARTITIONS,
    queues,
    catalog,
    holder: node,
    maxFacts: config.FEED_MAX_FACTS,
    ttlHours: config.FEED_TTL_HOURS,
    retentionDays: config.JOB_RETENTION_DAYS,
    sign: links.sign,
    onEstimate: estimates,
    ...(database === undefined ? {} : { marks: createTailMarksTable(database.db) }),
    log,
  });
  stack.defer(recorder.close);
  const unread = (value: keyof Pick<Unread, "lagSeconds" | "share">) => () =>
    Array.from(recorder.unread(), ([queue, measured]): [string, number] => [
      queue,
      measured[value],
    ]);
  metrics.gaugeOfQueues(
    "jobcast_recorder_lag_seconds",
    "How long the oldest event that nobody was told of has waited",
    unread("lagSeconds"),
  );
  metrics.gaugeOfQueues(
    "jobcast_recorder_unread_ratio",
    "Events not yet told, as a share of those that are kept: at 1 they are lost",
    unread("share"),
  );
  metrics.gauge(
    "jobcast_parked_audiences",
    "Audiences that cannot be written and are set aside",
    recorder.parked,
  );
}

/** Removes old jobs from the queues. */
export function startQueueSweep(
  { redis, keys, queues, config, log }: SweepResources & Pick<Resources, "queues" | "config">,
  stack: AsyncDisposableStack,
): void {
  const options = { redis, keys, queues, retentionDays: config.JOB_RETENTION_DAYS, log };
  untilClosed(stack, (signal) => keepQueuesSwept(options, signal));
}

/** Removes uploads that never became a job. */
export function startUploadSweep(
  { store, redis, keys, log }: SweepResources & Pick<Resources, "store">,
  stack: AsyncDisposableStack,
): void {
  untilClosed(stack, (signal) => keepUploadsSwept({ store, redis, keys, log }, signal));
}

/** What is in the middle of something that hangs is left behind: all it does may be broken off and done again. */
function untilClosed(
  stack: AsyncDisposableStack,
  work: (signal: AbortSignal) => Promise<void>,
): void {
  const closing = new AbortController();
  const working = work(closing.signal);
  stack.defer(async () => {
    closing.abort();
    await atMost(SWEEP_CLOSE_MS, working);
  });
}

/** Brings what the queues say to the history. With a shared Postgres the recorders do it; else each process that keeps a history of its own. */
export function startHistory(resources: Resources, stack: AsyncDisposableStack): void {
  const { config, target, redis, keys, queues, database, store, log, metrics, node } = resources;
  if (database === undefined) return;
  const onError = (err: unknown) => log.debug({ err }, "history: redis");
  const history = createHistory({
    redis,
    openReaders: (streams) =>
      openReaders({ target, name: `jobcast-${node}-history`, onError }, streams),
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
  stack.defer(history.close);
}
