import type { Audience } from "../contract/names.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { loadScript } from "../redis/script.ts";

/**
 * BullMQ's last priority: of a job that has not taken its round yet. It waits behind all others; every job is added with it, so that a round is
 * taken only for a job that is there, and once however often it is asked for.
 */
export const NO_ROUND = 2_097_151;
/** Far enough from BullMQ's last priority for what is given out meanwhile. */
const REBASE_ABOVE = 1_000_000;

export interface Turn {
  jobId: string;
  /** Whose turn it is: the job's owner. */
  owner: Audience;
}

/**
 * Fair turns among the owners of a lane's jobs: a job waits in the round after its owner's last one, or in the one being served when that is
 * later, and BullMQ serves the rounds in order. So each owner has one job in a round, and an owner who comes in late is served in the next.
 * A job keeps its round through pauses between attempts and lost workers.
 */
export interface Rounds {
  /** For jobs that have none: those delayed take theirs when they are due, and those that have one keep it. */
  take(queue: string, turns: Turn[]): Promise<void>;
}

export interface RoundsOptions {
  redis: RedisClient;
  keys: Keys;
  rebaseAbove?: number;
}

const takeRound = loadScript("take-round");
const rebaseRounds = loadScript("rebase-rounds");

export function createRounds({ redis, keys, rebaseAbove = REBASE_ABOVE }: RoundsOptions): Rounds {
  async function rebase(queue: string): Promise<void> {
    const { wait, active, prioritized, delayed, job } = keys.line(queue);
    const lists = [wait, active, prioritized, delayed, keys.rounds(queue), keys.turns(queue)];
    await rebaseRounds.run(redis, lists, [job, NO_ROUND, rebaseAbove]);
  }

  return {
    async take(queue, turns) {
      if (turns.length === 0) return;
      const { prioritized, delayed, counter, job } = keys.line(queue);
      const lists = [prioritized, delayed, counter, keys.rounds(queue), keys.turns(queue)];
      const pairs = turns.flatMap(({ jobId, owner }) => [jobId, owner]);
      const top = await takeRound.run(redis, lists, [job, NO_ROUND, ...pairs]);
      if (Number(top) > rebaseAbove) await rebase(queue);
    },
  };
}
