import type { Batch, BatchRequest, ListBatchesQuery } from "../contract/batch.ts";
import { type Audience, userAudience } from "../contract/names.ts";
import type { Caller } from "../contract/tokens.ts";
import type { BatchesTable, BatchRecord } from "../db/batches-table.ts";
import { JobcastError } from "../errors.ts";
import { requireFullToken } from "./access.ts";
import type { BatchStates } from "./batch-states.ts";
import type { Answered } from "./idempotency.ts";
import type { Jobs, Submission } from "./jobs.ts";
import { fromPageCursor, toPageCursor } from "./page-cursor.ts";
import { unlessAway } from "./past.ts";

export interface BatchSubmission extends Pick<Submission, "caller" | "idempotency"> {
  request: BatchRequest;
}

/** The batches of an installation, as callers may see and change them. What is not the caller's to see is `undefined` or `not_found`. */
export interface Batches {
  /**
   * Accepts all jobs or none: once this resolves they will run, whatever dies. Fails as `Jobs.submit` does, with the fields that are wrong named by their
   * places, and with `unavailable` without Postgres.
   */
  submit(submission: BatchSubmission): Promise<Answered<Batch>>;
  find(batchId: string, caller: Caller): Promise<Batch | undefined>;
  /** The caller's own, newest first. Fails with `unavailable` without Postgres. */
  list(
    query: ListBatchesQuery,
    caller: Caller,
  ): Promise<{ items: Batch[]; nextCursor: string | null }>;
  /** Cancels all jobs that have not ended. `isDone` when all have, else workers were told to stop. Fails with `not_found`. */
  cancel(batchId: string, caller: Caller): Promise<{ batch: Batch; isDone: boolean }>;
}

export interface BatchesDeps {
  states: Pick<BatchStates, "read" | "jobIds">;
  table: Pick<BatchesTable, "find" | "list" | "states">;
  jobs: Pick<Jobs, "cancel">;
  submit: Batches["submit"];
}

const DEFAULT_LIMIT = 50;
/** Each cancel is a handful of calls to Redis. */
const CANCELS_AT_ONCE = 50;

export function createBatches({ states, table, jobs, submit }: BatchesDeps): Batches {
  /** Own ones are found without Postgres as long as Redis knows them. */
  async function find(batchId: string, caller: Caller): Promise<Batch | undefined> {
    requireFullToken(caller);
    const own = await states.read(userAudience(caller.userId), batchId);
    if (own !== undefined) return own;
    const record = await table.find(batchId);
    return record !== undefined && maySee(caller, record) ? (await newest([record]))[0] : undefined;
  }

  /** As Redis has them, else as the history does. */
  async function newest(records: BatchRecord[]): Promise<Batch[]> {
    const live = await Promise.all(
      records.map(async (record) => {
        const owner = ownerOf(record);
        return owner === undefined
          ? undefined
          : await unlessAway(states.read(owner, record.batchId));
      }),
    );
    const past = await table.states(records.filter((_, i) => live[i] === undefined));
    const byId = new Map(past.map((batch) => [batch.batchId, batch]));
    return records.flatMap(({ batchId }, i) => live[i] ?? byId.get(batchId) ?? []);
  }

  async function cancelAll(jobIds: string[], caller: Caller): Promise<boolean> {
    const waiting = [...jobIds];
    let isDone = true;
    const cancelOn = async (): Promise<void> => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop())
        isDone = (await cancelOne(id, caller)) && isDone;
    };
    await Promise.all(Array.from({ length: CANCELS_AT_ONCE }, cancelOn));
    return isDone;
  }

  async function cancelOne(jobId: string, caller: Caller): Promise<boolean> {
    try {
      return (await jobs.cancel(jobId, caller)).isDone;
    } catch (thrown) {
      // It has ended, or was deleted, meanwhile.
      const isGone =
        thrown instanceof JobcastError && ["job_finished", "not_found"].includes(thrown.code);
      if (isGone) return true;
      throw thrown;
    }
  }

  return {
    submit,
    find,
    async list({ limit = DEFAULT_LIMIT, cursor }, caller) {
      requireFullToken(caller);
      const { userId } = caller;
      const rows = await table.list({ userId, before: toPosition(cursor), limit: limit + 1 });
      const records = rows.slice(0, limit);
      const last = rows.length > limit ? records.at(-1) : undefined;
      return {
        items: await newest(records),
        nextCursor: last === undefined ? null : toCursor(last),
      };
    },
    async cancel(batchId, caller) {
      const batch = await find(batchId, caller);
      if (batch === undefined) throw new JobcastError("not_found", "No such batch");
      const owner = ownerOf(batch);
      if (batch.status === "finished" || owner === undefined) return { batch, isDone: true };
      const isDone = await cancelAll(await states.jobIds(owner, batchId), caller);
      return { batch: (await states.read(owner, batchId)) ?? batch, isDone };
    },
  };
}

const ownerOf = ({ userId }: Pick<Batch, "userId">): Audience | undefined =>
  userId === null ? undefined : userAudience(userId);

const maySee = (caller: Caller, { userId }: BatchRecord): boolean =>
  caller.isAdmin || caller.isService || userId === caller.userId;

const toCursor = ({ createdAt, batchId }: BatchRecord): string =>
  toPageCursor({ createdAt: new Date(createdAt), jobId: batchId });

function toPosition(cursor: string | undefined) {
  if (cursor === undefined) return undefined;
  const { createdAt, jobId } = fromPageCursor(cursor);
  return { createdAt, batchId: jobId };
}
