import { LANES, type Lane } from "../contract/job.ts";
import type { QueueStatus } from "../contract/http.ts";
import { queueName } from "../contract/names.ts";
import { cached } from "../lib/cached.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { createReadStanding } from "./positions.ts";
import { createRunTimes } from "./run-times.ts";
import { createWorkerRegistry, slotsOf } from "./worker-registry.ts";

export interface QueueStatusOptions {
  redis: RedisClient;
  keys: Keys;
  /** Of the catalog. */
  types: string[];
  now?: () => number;
}

/** How busy all queues are, over all types; at most a second old. Fails when Redis cannot say. */
export type ReadQueueStatus = () => Promise<QueueStatus>;

const TTL_MS = 900;
const MS_PER_MINUTE = 60_000;

export function createReadQueueStatus({
  redis,
  keys,
  types,
  now = Date.now,
}: QueueStatusOptions): ReadQueueStatus {
  const readStanding = createReadStanding({ redis, keys });
  const runTimes = createRunTimes({ redis, keys, now });
  const registry = createWorkerRegistry({ redis, keys });

  async function ofQueue(queue: string) {
    const [standing, waits] = await Promise.all([readStanding(queue, []), runTimes.waits(queue)]);
    return { queue, standing, waits };
  }

  async function ofLane(lane: Lane) {
    const queues = await Promise.all(types.map((type) => ofQueue(queueName(type, lane))));
    const sum = (of: (one: (typeof queues)[number]) => number) =>
      queues.reduce((total, one) => total + of(one), 0);
    const count = sum(({ waits }) => waits.count);
    const totalMs = sum(({ waits }) => waits.totalMs);
    const minutes = count === 0 ? 0 : totalMs / count / MS_PER_MINUTE;
    return {
      queues,
      load: {
        waiting: sum(({ standing }) => standing.waiting),
        active: sum(({ standing }) => standing.active),
        // To a hundredth: a change that nobody can read is not worth telling.
        avgWaitTime: Math.round(minutes * 100) / 100,
      },
    };
  }

  async function read(): Promise<QueueStatus> {
    const [workers, ...lanes] = await Promise.all([registry.read(), ...LANES.map(ofLane)]);
    const queues = lanes.flatMap((lane) => lane.queues);
    const slots = queues.map(({ queue, standing }) => {
      const total = slotsOf(workers, queue);
      // What lost workers had in hand is in nobody's slot.
      return { total, active: Math.min(total, standing.active) };
    });
    const [premium, normal, large] = lanes.map((lane) => lane.load);
    if (premium === undefined || normal === undefined || large === undefined)
      throw new Error("A lane is missing");
    return {
      premium,
      normal,
      large,
      totalWorkers: slots.reduce((total, slot) => total + slot.total, 0),
      activeWorkers: slots.reduce((total, slot) => total + slot.active, 0),
    };
  }

  const shared = cached(TTL_MS, read, now);
  return () => shared("");
}
