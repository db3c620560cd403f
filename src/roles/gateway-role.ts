import { fileURLToPath } from "node:url";
import type { Readiness } from "../contract/http.ts";
import { createBatchesTable } from "../db/batches-table.ts";
import { createIntentsTable } from "../db/intents-table.ts";
import { createJobsTable } from "../db/jobs-table.ts";
import { createFeeds, type Feeds } from "../feeds/feeds.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import { createJobs, type JobsService } from "../jobs/create-jobs.ts";
import { toWireJob } from "../jobs/present.ts";
import { createOutlook, type Outlook } from "../jobs/outlook.ts";
import { createReadQueueStatus } from "../jobs/queue-status.ts";
import { openQueues } from "../jobs/queues.ts";
import { createRecords } from "../jobs/records.ts";
import type { JobSnapshot } from "../jobs/snapshot.ts";
import { createRemoveSnapshot } from "../jobs/remove-snapshot.ts";
import { createUploads, type Uploads } from "../jobs/uploads/uploads.ts";
import type { Database } from "../db/database.ts";
import { openStrictRedis, openUnwatchedRedis } from "../redis/connect.ts";
import { createReplicas, type Replicas } from "../redis/replicas.ts";
import { openReaders } from "../redis/stream-readers.ts";
import type { Resources } from "./resources.ts";

export interface GatewayRoleOptions {
  isDraining: () => boolean;
  readiness: (feeds: Feeds) => Promise<Readiness>;
}

const WEB_FOLDER = fileURLToPath(new URL("../../web/dist", import.meta.url));
const FINISH_PENDING_EVERY_MS = 30_000;
/** Above what a replica may take, so that a link which hangs is found. */
const REPLICAS_TIMEOUT_MS = 3000;

/** Lets clients in. */
export async function startGateway(
  resources: Resources & { database: Database },
  { isDraining, readiness }: GatewayRoleOptions,
  stack: AsyncDisposableStack,
): Promise<Gateway> {
  const { config, keys, node, log, redis, strict, secrets, links, store, catalog, metrics } =
    resources;
  const feeds = openFeeds(resources, stack);
  const maxBytes = config.UPLOAD_MAX_BYTES;
  const uploads = createUploads({ redis: strict, keys, store, maxBytes, log });
  const outlook = createOutlook({ redis: strict, keys, log });
  const jobs = openJobs({ ...resources, uploads, outlook }, stack);
  const gateway = await createGateway({
    config,
    secrets,
    catalog,
    jobs,
    uploads,
    batches: jobs.batches,
    records: createRecords({ redis: strict, keys }),
    outlook,
    queueStatus: createReadQueueStatus({ redis: strict, keys, types: [...catalog.keys()] }),
    feeds,
    store,
    links,
    redis: strict,
    adapterRedis: {
      publish: redis,
      subscribe: openSubscriber(resources, stack),
    },
    keys,
    readiness: () => readiness(feeds),
    isDraining,
    metrics,
    webFolder: WEB_FOLDER,
    node,
    log,
  });
  stack.defer(gateway.close);
  return gateway;
}

function openFeeds(
  { config, target, redis, keys, node, links, log }: Resources,
  stack: AsyncDisposableStack,
): Feeds {
  const onError = (err: unknown) => log.debug({ err }, "tails: redis");
  const feeds = createFeeds({
    redis,
    openReaders: (streams) =>
      openReaders({ target, name: `jobcast-${node}-tails`, onError }, streams),
    keys,
    partitions: config.FEED_PARTITIONS,
    toGauge(text) {
      const { job }: JobSnapshot = JSON.parse(text);
      return { jobId: job.jobId, data: JSON.stringify(toWireJob(job, links.sign)) };
    },
    log,
  });
  stack.defer(feeds.close);
  return feeds;
}

function openJobs(
  resources: Resources & { database: Database; uploads: Uploads; outlook: Outlook },
  stack: AsyncDisposableStack,
): JobsService {
  const { config, strict, keys, database, store, uploads, outlook, catalog, log } = resources;
  const partitions = config.FEED_PARTITIONS;
  const queues = openQueues({ redis: strict, keys, retentionDays: config.JOB_RETENTION_DAYS, log });
  stack.defer(queues.close);
  const jobs = createJobs({
    redis: strict,
    replicas: openReplicas(resources, stack),
    keys,
    partitions,
    queues,
    history: createJobsTable(database.db),
    intents: createIntentsTable(database.db),
    outlook,
    batches: createBatchesTable(database.db),
    store,
    uploads,
    removeSnapshot: createRemoveSnapshot({ redis: strict, keys, partitions }),
    catalog,
    largeJobBytes: config.LARGE_JOB_BYTES,
    allowPrivateUrls: config.ALLOW_PRIVATE_URLS,
    log,
  });
  const timer = setInterval(() => {
    jobs
      .finishPending()
      .catch((err: unknown) => log.warn({ err }, "jobs: cannot finish what is pending"));
  }, FINISH_PENDING_EVERY_MS).unref();
  stack.defer(() => clearInterval(timer));
  return jobs;
}

function openReplicas(
  { target, node, keys, log }: Resources,
  stack: AsyncDisposableStack,
): Replicas {
  const redis = openStrictRedis(target, `jobcast-${node}-replicas`, REPLICAS_TIMEOUT_MS);
  redis.on("error", (err) => log.debug({ err }, "replicas: redis"));
  stack.defer(() => redis.disconnect());
  const replicas = createReplicas({ redis, keys, log });
  stack.defer(replicas.close);
  return replicas;
}

function openSubscriber({ target, node, log }: Resources, stack: AsyncDisposableStack) {
  const subscriber = openUnwatchedRedis(target, `jobcast-${node}-adapter`);
  subscriber.on("error", (err) => log.debug({ err }, "adapter: redis"));
  stack.defer(() => subscriber.disconnect());
  return subscriber;
}
