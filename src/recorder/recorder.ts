import type { TailMarks } from "../db/tail-marks-table.ts";
import { createWriter } from "../feeds/append.ts";
import { openQueues } from "../jobs/queues.ts";
import type { Sign } from "../jobs/present.ts";
import type { Catalog } from "../jobs/catalog.ts";
import { createFollowers } from "../jobs/followers.ts";
import { createSnapshots } from "../jobs/snapshots.ts";
import { createRecords } from "../jobs/records.ts";
import { createRounds } from "../jobs/rounds.ts";
import { atMost } from "../lib/at-most.ts";
import type { Logger } from "../lib/logger.ts";
import { openReader, openRedis, openStrictRedis } from "../redis/connect.ts";
import { createReplicas } from "../redis/replicas.ts";
import type { RedisTarget } from "../redis/target.ts";
import type { Keys } from "../redis/keys.ts";
import { createApply } from "./apply.ts";
import { createContinuity } from "./continuity.ts";
import { beat } from "./heartbeat.ts";
import { keep } from "./keeper.ts";
import { holdLease, type LeaseOptions } from "./lease.ts";
import { createMeasure } from "./measure.ts";
import { createParking } from "./parking.ts";
import { readAgain } from "./reread.ts";
import { readSource } from "./source.ts";
import { sweep } from "./sweep.ts";
import type { Unread } from "./unread.ts";

export interface RecorderOptions {
  target: RedisTarget;
  keys: Keys;
  partitions: number;
  /** Names of the queues whose events it reads. */
  queues: string[];
  /** What jobs that wait for others can work on. */
  catalog: Catalog;
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
  /** How far behind a reader may be that counts as in time; 5 s. */
  lateMs?: number;
  /** How far the estimate at a job's start was off, as a share of what it then took. */
  onEstimate?: (queue: string, error: number) => void;
  /** Where what Redis has acknowledged is kept outside of it. */
  marks?: TailMarks;
}

/**
 * Brings what queues say into the feeds. Any number of recorders may run: each source has one active reader, the others stand by and take over within seconds.
 */
export interface Recorder {
  /** Audiences that cannot be written and are set aside. */
  parked(): number;
  /** By queue, how far its reader is from losing events; only the recorder that is the keeper knows. */
  unread(): ReadonlyMap<string, Unread>;
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
  const waiting = openStrictRedis(target, "jobcast-recorder-replicas", WRITE_TIMEOUT_MS);
  const readers = names.map((queue) => ({
    queue,
    blocking: openReader(target, keys.events(queue), `jobcast-recorder-${queue}`),
  }));
  const connections = [redis, strict, waiting, ...readers.map(({ blocking }) => blocking)];
  for (const connection of connections)
    connection.on("error", (err) => log.debug({ err }, "recorder: redis"));

  let whole = new AbortController();
  const continuity = createContinuity({
    redis: strict,
    keys,
    partitions,
    marks: options.marks,
    async onLoss() {
      whole.abort();
      whole = new AbortController();
      for (const queue of names) await readAgain(redis, keys, queue);
    },
    log,
  });
  const writer = createWriter({ redis: strict, keys, partitions, maxFacts, ttlHours, continuity });
  const parking = createParking({
    redis,
    keys,
    partitions,
    log,
    ...(options.parkedMs === undefined ? {} : { parkedMs: options.parkedMs }),
  });
  const replicas = createReplicas({ redis: waiting, keys, log });
  const rounds = createRounds({ redis, keys });
  const queues = openQueues({ redis: strict, keys, retentionDays, log });
  const records = createRecords({ redis, keys });
  const snapshots = createSnapshots({ redis, keys, partitions });
  const { catalog } = options;
  const followers = createFollowers({
    redis: strict,
    keys,
    catalog,
    queues,
    records,
    snapshots,
    log,
  });
  const applying = {
    redis,
    keys,
    partitions,
    writer,
    parking,
    sign,
    retentionDays,
    rounds,
    measure: createMeasure({ redis, keys, onEstimate: options.onEstimate }),
    followers,
    log,
  };

  const hold = (source: string, work: LeaseOptions["work"]) =>
    holdLease({
      redis,
      keys,
      source,
      holder,
      log,
      signal: closing.signal,
      // What was read before a loss must not be written after it: it would hide what has to be told again.
      work: (lease) => work({ ...lease, signal: AbortSignal.any([lease.signal, whole.signal]) }),
      ...(ttlMs === undefined ? {} : { ttlMs }),
    });

  const sources = readers.map(({ queue, blocking }) =>
    hold(queue, (lease) => {
      const apply = createApply({ ...applying, lease });
      return readSource(lease, { queue, blocking, redis, keys, apply, parking, replicas });
    }),
  );
  const unread = new Map<string, Unread>();
  const keeper = hold("keeper", async (lease) => {
    const patience = options.lateMs === undefined ? {} : { lateMs: options.lateMs };
    const work = {
      redis,
      replicas,
      keys,
      partitions,
      records,
      queues,
      followers,
      writer,
      sign,
      log,
    };
    try {
      await keep(lease, {
        ...patience,
        redis,
        keys,
        queues: names,
        beat: (held) => beat(held, { redis: strict, keys, partitions, continuity }),
        sweep: (held, how) => sweep(held, { ...work, ...patience, ...how }),
        save: continuity.save,
        onUnread: (queue, measured) => unread.set(queue, measured),
        log,
      });
    } finally {
      // Somebody else knows now.
      unread.clear();
    }
  });

  return {
    parked: () => parking.size,
    unread: () => unread,
    async close() {
      closing.abort();
      // Without Redis the leases cannot be given back: they run out.
      await atMost(CLOSE_TIMEOUT_MS, Promise.all([...sources, keeper]).then(queues.close));
      await continuity.save();
      replicas.close();
      for (const connection of connections) connection.disconnect();
    },
  };
}
