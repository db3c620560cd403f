import type { Database } from "../db/database.ts";
import { createRecords } from "../jobs/records.ts";
import { atMost } from "../lib/at-most.ts";
import type { Logger } from "../lib/logger.ts";
import type { Keys } from "../redis/keys.ts";
import type { Store } from "../storage/store.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { OpenReaders } from "../redis/stream-readers.ts";
import { createHistoryReader } from "./history-reader.ts";
import { keepRetention } from "./history-retention.ts";

export interface HistoryOptions {
  redis: RedisClient;
  /** For the queues' events; closed with the history. */
  openReaders: OpenReaders;
  keys: Keys;
  queues: readonly string[];
  database: Pick<Database, "db">;
  /** Files of jobs that are past their time are removed from it. */
  store: Pick<Store, "remove">;
  retentionDays: number;
  log: Logger;
  now?: () => number;
}

/**
 * Writes what BullMQ's event streams tell into Postgres. A second reader beside the recorder, so that live events never wait for
 * Postgres: while that is away this falls behind, and then catches up.
 *
 * Each event is applied exactly once, in order: the place in the stream moves in the transaction that writes the jobs. Several processes
 * may run a history on one database. What was trimmed unread is made up for from the queues themselves.
 */
export interface History {
  /** How long the oldest event that is not written yet has waited, in ms; 0 when there is none. */
  lagMs(): number;
  /** Resolves when the batch in hand is done, after 5 s at most. */
  close(): Promise<void>;
}

const CLOSE_TIMEOUT_MS = 5_000;

export function createHistory({
  retentionDays,
  openReaders,
  queues,
  now = Date.now,
  ...options
}: HistoryOptions): History {
  const { redis, keys, database, store, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const records = createRecords({ redis, keys });
  const queueOf = new Map(queues.map((queue) => [keys.events(queue), queue]));
  const opened = openReaders([...queueOf.keys()]);
  const readers = opened.map(({ redis: blocking, streams }) => {
    const theirs = streams.flatMap((stream) => queueOf.get(stream) ?? []);
    return createHistoryReader({ ...options, blocking, queues: theirs, records, now, signal });
  });
  const running = Promise.all([
    ...readers.map((reader) => reader.run()),
    keepRetention({ database, store, retentionDays, log, now, signal }),
  ]);
  return {
    lagMs: () => Math.max(...readers.map((reader) => reader.lagMs())),
    async close() {
      stopping.abort();
      await atMost(CLOSE_TIMEOUT_MS, running);
      for (const { redis: blocking } of opened) blocking.disconnect();
    },
  };
}
