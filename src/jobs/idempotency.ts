import type { Begun, Intent, IntentsTable } from "../db/intents-table.ts";
import type { Logger } from "../lib/logger.ts";
import { JobcastError } from "../errors.ts";
import type { Submitted } from "./jobs.ts";
import type { JobRecord } from "./record.ts";
import type { StoredJob } from "./snapshot.ts";

/** After this a pending intent was left behind by a process that died, ms: no call takes a tenth of it. */
const ABANDONED_MS = 30_000;

const ROUTE = "POST /api/jobs";

export type Intents = Pick<
  IntentsTable,
  "begin" | "find" | "finish" | "abandon" | "pendingOlderThan"
>;

interface KeyedDeps {
  intents: Intents;
  /** Makes the job of a record. */
  accept: (record: JobRecord) => Promise<StoredJob>;
  /** The job of a record, if it was made and told of. */
  find: (record: JobRecord) => Promise<StoredJob | undefined>;
  /** Fails when the owner may have no more jobs. */
  requireQuota: (record: JobRecord) => Promise<void>;
  /** After a failure; `false` when the job stands. */
  takeBack: (record: JobRecord) => Promise<boolean>;
  now: () => number;
  log: Logger;
}

export interface KeyedCall {
  caller: string;
  key: string;
  bodyHash: string;
}

/**
 * Calls with an `Idempotency-Key`: written down before they take effect, under the job id that they will have, so that a repeat or
 * `finishPending` finishes what a crash interrupted, and nothing is made twice. Fails with `unavailable` without Postgres.
 */
export function createKeyedSubmits({
  intents,
  accept,
  find,
  requireQuota,
  takeBack,
  now,
  log,
}: KeyedDeps) {
  async function first({ id }: Intent, record: JobRecord): Promise<Submitted> {
    try {
      await requireQuota(record);
      const job = await accept(record);
      // The job is made: whether its answer is kept does not change that, and a repeat finds it.
      await intents
        .finish(id, job)
        .catch((err: unknown) => log.warn({ err }, "an answer could not be kept"));
      return { job, isReplay: false };
    } catch (thrown) {
      // Not waited for, since the caller has waited long enough. What cannot be settled stays pending until a repeat or the sweep.
      void settle(id, record).catch((err: unknown) =>
        log.warn({ err }, "a keyed submit stays pending"),
      );
      throw thrown;
    }
  }

  async function settle(id: number, record: JobRecord): Promise<void> {
    if (await takeBack(record)) await intents.abandon(id);
  }

  async function finish({ id, payload }: Intent): Promise<StoredJob> {
    const record = toRecord(payload);
    const job = (await find(record)) ?? (await accept(record));
    await intents.finish(id, job);
    return job;
  }

  async function replay({ kind, row }: Begun, bodyHash: string): Promise<Submitted> {
    if (row.bodyHash !== bodyHash) {
      throw new JobcastError("idempotency_mismatch", "This key was used for another request");
    }
    if (kind === "done") return { job: toAnswer(row.answer), isReplay: true };
    if (now() - row.updatedAt.getTime() > ABANDONED_MS)
      return { job: await finish(row), isReplay: true };
    const message = "The first request with this key is being worked on";
    throw new JobcastError("idempotency_in_progress", message, { retryAfterSeconds: 1 });
  }

  return {
    /** What cannot be made into a record may have been done before, when the files that it refers to were still there. */
    async submit(
      { caller, key, bodyHash }: KeyedCall,
      making: Promise<JobRecord>,
    ): Promise<Submitted> {
      const call = { caller, route: ROUTE, key };
      const record = await making.catch(async (thrown: unknown) => {
        const earlier = isRefusal(thrown) ? await intents.find(call) : undefined;
        if (earlier?.row.bodyHash !== bodyHash) throw thrown;
        return earlier;
      });
      if ("kind" in record) return await replay(record, bodyHash);
      const begun = await intents.begin({
        ...call,
        bodyHash,
        jobIds: [record.jobId],
        payload: record,
      });
      return begun.kind === "new" ? await first(begun.row, record) : await replay(begun, bodyHash);
    },

    /** Finishes what dead processes left pending; the first failure ends it, until it is called again. */
    async finishPending(): Promise<void> {
      for (const intent of await intents.pendingOlderThan(ABANDONED_MS)) await finish(intent);
    },
  };
}

const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof JobcastError && thrown.status < 500;

// Nobody but the functions above writes these two columns, so their shape is not checked again.
const isRecord = (payload: unknown): payload is JobRecord => payload instanceof Object;
const isAnswer = (answer: unknown): answer is StoredJob => answer instanceof Object;

function toRecord(payload: unknown): JobRecord {
  if (!isRecord(payload)) throw new Error("An intent has no record");
  return payload;
}

function toAnswer(answer: unknown): StoredJob {
  if (!isAnswer(answer)) throw new Error("An intent has no answer");
  return answer;
}
