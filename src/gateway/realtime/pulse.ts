import type { RedisClient } from "../../redis/connect.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Keys } from "../../redis/keys.ts";

export interface PulseOptions {
  redis: RedisClient;
  keys: Pick<Keys, "node">;
  node: string;
  log: Logger;
}

/** Shows the other nodes that this one lives, and looks after them. */
export interface Pulse {
  /** Of each node: `alive` when it has beaten within the last `sinceMs`, `dead` when not for 5 s, else `unsure`. */
  ask(nodes: string[], sinceMs: number): Promise<("alive" | "dead" | "unsure")[]>;
  close(): void;
}

const BEAT_EVERY_MS = 1000;
const TTL_MS = 5000;

export function startPulse({ redis, keys, node, log }: PulseOptions): Pulse {
  function beat(): void {
    redis
      .set(keys.node(node), "1", "PX", TTL_MS)
      .catch((err: unknown) => log.debug({ err }, "pulse: cannot beat"));
  }
  beat();
  const timer = setInterval(beat, BEAT_EVERY_MS).unref();

  return {
    async ask(nodes, sinceMs) {
      const left = await Promise.all(nodes.map((other) => redis.pttl(keys.node(other))));
      return left.map((ms) => {
        if (ms < 0) return "dead";
        return TTL_MS - ms < sinceMs ? "alive" : "unsure";
      });
    },
    close: () => clearInterval(timer),
  };
}
