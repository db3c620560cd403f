import type { Database } from "../db/database.ts";
import type { Records } from "../jobs/records.ts";
import type { Logger } from "../lib/logger.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { applyBatch, type Batch, withoutMereProgress } from "./history-batch.ts";

export interface ApplyOptions {
  redis: RedisClient;
  keys: Keys;
  records: Pick<Records, "readMany">;
  database: Pick<Database, "db">;
  log: Logger;
}

const MAX_DEAD_LETTERS = 100_000;

/**
 * Applies batches. Whoever sends what Postgres cannot hold must not keep the rest from being written: a batch that is refused is halved, down to
 * the one event that is at fault, and that goes to the dead letters. False when another reader moved the place.
 */
export function createHistoryApply({ redis, keys, records, database, log }: ApplyOptions) {
  return async (batch: Omit<Batch, "records">): Promise<boolean> => {
    const events = withoutMereProgress(batch.events);
    const ours = await records.readMany([...new Set(events.map((event) => event.jobId))]);
    return await apply({
      ...batch,
      events,
      records: new Map(ours.map((record) => [record.jobId, record])),
    });
  };

  async function apply(batch: Batch): Promise<boolean> {
    try {
      return await applyBatch(database.db, batch);
    } catch (thrown) {
      if (!isRefused(thrown)) throw thrown;
      if (batch.events.length <= 1) return await bury(batch, thrown);
      const [first, second] = halve(batch);
      return (await apply(first)) && (await apply(second));
    }
  }

  async function bury(batch: Batch, err: unknown): Promise<boolean> {
    const { source, events } = batch;
    log.error({ err, source, events }, "history: an event cannot be written; see the dead letters");
    const event = JSON.stringify(events[0] ?? null);
    await redis.xadd(
      keys.deadLetters,
      "MAXLEN",
      "~",
      MAX_DEAD_LETTERS,
      "*",
      "source",
      source,
      "event",
      event,
    );
    return await applyBatch(database.db, { ...batch, events: [] });
  }
}

function halve(batch: Batch): [Batch, Batch] {
  const middle = Math.floor(batch.events.length / 2);
  const between = { ...batch.to, place: batch.events[middle - 1]?.ref ?? batch.from.place };
  return [
    { ...batch, to: between, events: batch.events.slice(0, middle) },
    { ...batch, from: between, events: batch.events.slice(middle) },
  ];
}

/** Data that does not fit (22), breaks a constraint (23) or a limit (54): trying again brings the same. */
const isRefused = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  "severity" in thrown &&
  "code" in thrown &&
  /^(?:22|23|54)/.test(String(thrown.code));
