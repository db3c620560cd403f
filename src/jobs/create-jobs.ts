import type { BatchesTable } from "../db/batches-table.ts";
import type { JobsTable } from "../db/jobs-table.ts";
import type { Logger } from "../lib/logger.ts";
import type { Keys } from "../redis/keys.ts";
import type { Store } from "../storage/store.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Replicas } from "../redis/replicas.ts";
import { createBatchStates } from "./batch-states.ts";
import { type Batches, createBatches } from "./batches.ts";
import { createBulk } from "./bulk.ts";
import { cancelJob } from "./cancel.ts";
import type { SubmissionRules } from "./check-submission.ts";
import { countJobs } from "./counts.ts";
import { createClaims } from "./external-claims.ts";
import { createExternal } from "./create-external.ts";
import { createFollowers } from "./followers.ts";
import type { Intents } from "./idempotency.ts";
import type { Jobs } from "./jobs.ts";
import { createKept } from "./kept.ts";
import { listJobs } from "./list.ts";
import type { Outlook } from "./outlook.ts";
import { toScopedJob } from "./present.ts";
import type { Queues } from "./queues.ts";
import { createRecords } from "./records.ts";
import { removeJob } from "./remove.ts";
import { createResolveInput } from "./resolve-input.ts";
import { retryJob } from "./retry.ts";
import { createSnapshots } from "./snapshots.ts";
import { createStates } from "./states.ts";
import { createSubmit } from "./submit.ts";
import type { Uploads } from "./uploads/uploads.ts";

export interface JobsDeps extends SubmissionRules {
  /** A strict one (`openStrictRedis`), so that nothing is carried out after its caller was refused. */
  redis: RedisClient;
  /** Asked before anything is promised. */
  replicas: Pick<Replicas, "begin">;
  keys: Keys;
  /** `FEED_PARTITIONS`. */
  partitions: number;
  queues: Queues;
  history: Pick<JobsTable, "find" | "list" | "counts" | "notFinishedSince" | "remove">;
  intents: Intents;
  batches: BatchesTable;
  /** What is shown of open jobs beside what their feeds have told. */
  outlook: Pick<Outlook, "show">;
  store: Pick<Store, "open" | "put" | "remove">;
  uploads: Pick<Uploads, "use">;
  /** Forgets a finished job's snapshot in Redis; its record is still there when it is called. */
  removeSnapshot(jobId: string): Promise<void>;
  log: Logger;
  now?: () => number;
}

export interface JobsService extends Jobs {
  batches: Batches;
  /** Finishes keyed submits whose process died; to be called every half minute. Rejects when Redis or Postgres is away. */
  finishPending(): Promise<void>;
}

export function createJobs({ now = Date.now, ...options }: JobsDeps): JobsService {
  const records = createRecords(options);
  const snapshots = createSnapshots(options);
  const claims = createClaims(options);
  const kept = createKept(options);
  const deps = { ...options, records, snapshots, claims, kept, now };
  const states = createStates(deps);
  const batchStates = createBatchStates(options);
  const table = options.batches;
  const followers = createFollowers(deps);
  const resolveInput = createResolveInput({ uploads: options.uploads, states });
  const { show } = options.outlook;
  const submits = createSubmit({
    ...deps,
    states: batchStates,
    table,
    rules: options,
    resolveInput,
  });

  const list: Jobs["list"] = (query, caller) => listJobs(query, caller, deps);
  const cancel: Jobs["cancel"] = (jobId, caller) => cancelJob(jobId, caller, { ...deps, states });
  const retry: Jobs["retry"] = (jobId, caller) =>
    retryJob(jobId, caller, { ...deps, states, followers });
  const remove: Jobs["remove"] = (jobId, caller) => removeJob(jobId, caller, { ...deps, states });

  return {
    batches: createBatches({
      states: batchStates,
      table,
      jobs: { cancel },
      submit: (submission) => submits.submitBatch(submission),
    }),
    submit: (submission) => submits.submit(submission),
    finishPending: () => submits.finishPending(),
    async find(jobId, caller) {
      const state = await states.find(jobId, caller);
      if (state === undefined) return undefined;
      const { feedCursor } = state;
      const [job = state.snapshot.job] = await show([state.snapshot.job]);
      // A token of one job lets nobody follow its owner's feed.
      return caller.onlyJob === undefined
        ? { job, feedCursor }
        : { job: toScopedJob(job), feedCursor: undefined };
    },
    async list(query, caller) {
      const page = await listJobs(query, caller, deps);
      return { ...page, items: await show(page.items) };
    },
    counts: (caller) => countJobs(caller, deps),
    cancel,
    retry,
    remove,
    external: createExternal({ ...deps, states }),
    bulk: createBulk({ list, retry, remove, now }),
  };
}
