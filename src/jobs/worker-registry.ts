import Type, { type Static } from "typebox";
import { Compile } from "typebox/compile";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";

/** What a worker process says of itself. */
export const WorkerPulse = Type.Object({
  id: Type.String(),
  /** By queue: how many jobs it takes at once, and how many it has in hand. */
  queues: Type.Record(
    Type.String(),
    Type.Object({
      concurrency: Type.Integer({ minimum: 0 }),
      active: Type.Integer({ minimum: 0 }),
    }),
  ),
});
export type WorkerPulse = Static<typeof WorkerPulse>;

export interface LiveWorker extends WorkerPulse {
  /** Ms since 1970, by the clock of Redis. */
  lastSeen: number;
}

/** The worker processes of an installation. One that says nothing for `DEAD_AFTER_MS` is not there any more. */
export interface WorkerRegistry {
  pulse(worker: WorkerPulse): Promise<void>;
  leave(id: string): Promise<void>;
  read(): Promise<LiveWorker[]>;
}

export const PULSE_EVERY_MS = 2000;
/** Three missed pulses. */
export const DEAD_AFTER_MS = 7000;

const isWorkerPulse = Compile(WorkerPulse);
const pulse = loadScript("pulse");
const readWorkers = loadScript("read-workers");

export function createWorkerRegistry({
  redis,
  keys,
}: {
  redis: RedisClient;
  keys: Keys;
}): WorkerRegistry {
  const { saying, pulses } = keys.workers;
  return {
    async pulse(worker) {
      await pulse.run(redis, [saying, pulses], [worker.id, JSON.stringify(worker)]);
    },
    async leave(id) {
      await Promise.all([redis.hdel(saying, id), redis.zrem(pulses, id)]);
    },
    async read() {
      const reply = await readWorkers.run(redis, [saying, pulses], [DEAD_AFTER_MS]);
      const flat = Array.isArray(reply) ? reply.map(String) : [];
      const workers: LiveWorker[] = [];
      for (let i = 0; i < flat.length; i += 2) {
        const said: unknown = JSON.parse(flat[i] ?? "{}");
        // Of a process of another version as much is taken as is understood.
        if (isWorkerPulse.Check(said)) workers.push({ ...said, lastSeen: Number(flat[i + 1]) });
      }
      return workers;
    },
  };
}

/** How many jobs of a queue are taken at once, over all workers. */
export const slotsOf = (workers: LiveWorker[], queue: string): number =>
  workers.reduce((sum, { queues }) => sum + (queues[queue]?.concurrency ?? 0), 0);
