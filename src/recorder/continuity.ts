import type { Redis } from "ioredis";
import { type Continuity, newGeneration } from "../feeds/append.ts";
import type { Logger } from "../lib/logger.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";

/** What is read again after a loss: longer than any failover takes to be noticed. */
const REREAD_MS = 600_000;

const checkTail = loadScript("check-tail");
const rewind = loadScript("rewind");

/**
 * Knows whether Redis still has what it acknowledged. A failover to a replica that had not seen the last writes would let numbers be used twice; so the
 * first write on a new connection waits until every tail was looked at, and a partition that lost something begins a new generation.
 */
export function createContinuity(options: {
  redis: Redis;
  keys: Keys;
  queues: string[];
  log: Logger;
}): Continuity {
  const { redis, keys, queues, log } = options;
  const acknowledged = new Map<number, string>();
  let checking: Promise<void> | undefined;
  let isChecked = true;
  redis.on("close", () => {
    isChecked = false;
    checking = undefined;
  });

  async function check(): Promise<void> {
    const generation = newGeneration();
    const lost: number[] = [];
    for (const [partition, id] of acknowledged) {
      const there = await checkTail.run(
        redis,
        [keys.tail(partition), keys.partition(partition)],
        [id, generation],
      );
      if (there !== 1) lost.push(partition);
    }
    if (lost.length > 0) await recover(lost);
  }

  async function recover(lost: number[]): Promise<void> {
    log.error({ partitions: lost }, "recorder: Redis has lost writes; reading the queues again");
    for (const queue of queues)
      await rewind.run(redis, [keys.place(queue)], [Date.now() - REREAD_MS]);
    for (const partition of lost) acknowledged.delete(partition);
  }

  return {
    note(partition, tailId) {
      if (compareStreamIds(tailId, acknowledged.get(partition) ?? "") > 0)
        acknowledged.set(partition, tailId);
    },
    async ensure() {
      if (isChecked) return;
      const mine = (checking ??= check());
      try {
        await mine;
        // A link that broke meanwhile has to be looked at again.
        if (checking === mine) isChecked = true;
      } finally {
        if (checking === mine) checking = undefined;
      }
    },
  };
}
