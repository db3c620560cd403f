import { createWriter } from "../feeds/append.ts";
import { openQueues } from "../jobs/queues.ts";
import type { Sign } from "../jobs/present.ts";
import { createRecords } from "../jobs/records.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { openRedis, openStrictRedis, type RedisTarget } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { createApply } from "./apply.ts";
import { createContinuity } from "./continuity.ts";
import { beat } from "./heartbeat.ts";
import { keep } from "./keeper.ts";
import { holdLease, type LeaseOptions } from "./lease.ts";
import { createParking } from "./parking.ts";
import { readSource } from "./source.ts";
import { sweep } from "./sweep.ts";

export interface RecorderOptions {
  target: RedisTarget;
  keys: Keys;
  partitions: number;
  /** Names of the queues whose events it reads. */
  queues: string[];
  /** Of this process: no two are alike. */
  holder: string;
  maxFacts: number;
  ttlHours: number;
  retentionDays: number;
  sign: Sign;
  log: Logger;
  /** How long a frozen or dead recorder keeps its successor waiting; 5 s. */
  leaseTtlMs?: number;
  /** How long an audience that cannot be written is set aside; 60 s. */
  parkedMs?: number;
}

/**
 * Brings what queues say into the feeds. Any number of recorders may run: each source has one active reader, the others stand by and take over within seconds.
 */
export interface Recorder {
  /** Gives its leases back, so that a successor need not wait. */
  close(): Promise<void>;
}

/** A write that got no answer by then is taken for lost, and decided anew. */
const WRITE_TIMEOUT_MS = 5000;
const CLOSE_TIMEOUT_MS = 3000;

export function createRecorder(options: RecorderOptions): Recorder {
  const {
    target,
    keys,
    partitions,
    queues: names,
    holder,
    maxFacts,
    ttlHours,
    retentionDays,
    sign,
    log,
    leaseTtlMs: ttlMs,
  } = options;
  const closing = new AbortController();
  const redis = openRedis(target, "jobcast-recorder");
  const strict = openStrictRedis(target, "jobcast-recorder-writes", WRITE_TIMEOUT_MS);
  const readers = names.map((queue) => ({
    queue,
    blocking: openStrictRedis(target, `jobcast-recorder-${queue}`),
  }));
  const connections = [redis, strict, ...readers.map(({ blocking }) => blocking)];
  for (const connection of connections)
    connection.on("error", (err) => log.debug({ err }, "recorder: redis"));

  const continuity = createContinuity({ redis: strict, keys, queues: names, log });
  const writer = createWriter({ redis: strict, keys, partitions, maxFacts, ttlHours, continuity });
  const parking = createParking({
    redis,
    keys,
    partitions,
    log,
    ...(options.parkedMs === undefined ? {} : { parkedMs: options.parkedMs }),
  });
  const apply = createApply({ redis, keys, partitions, writer, parking, sign, retentionDays, log });
  const queues = openQueues({ redis: strict, keys, retentionDays, log });
  const records = createRecords({ redis, keys });

  const hold = (source: string, work: LeaseOptions["work"]) =>
    holdLease({
      redis,
      keys,
      source,
      holder,
      log,
      signal: closing.signal,
      work,
      ...(ttlMs === undefined ? {} : { ttlMs }),
    });

  const sources = readers.map(({ queue, blocking }) =>
    hold(queue, (lease) => readSource(lease, { queue, blocking, redis, keys, apply, parking })),
  );
  const keeper = hold("keeper", (lease) =>
    keep(lease, {
      redis,
      keys,
      queues: names,
      beat: (held) => beat(held, { redis: strict, keys, partitions, continuity }),
      sweep: (held) => sweep(held, { redis, keys, partitions, records, queues, writer, sign, log }),
      log,
    }),
  );

  return {
    async close() {
      closing.abort();
      // Without Redis the leases cannot be given back: they run out.
      await atMost(CLOSE_TIMEOUT_MS, Promise.all([...sources, keeper]).then(queues.close));
      for (const connection of connections) connection.disconnect();
    },
  };
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, sleep(ms, over.signal)]).finally(() => over.abort());
}
