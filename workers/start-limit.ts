import { RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { RedisClient } from "../src/redis/connect.ts";
import type { Keys } from "../src/redis/keys.ts";

/** How many attempts at a type of job may begin in a minute, over all workers and lanes: they share one service. */
export interface StartLimit {
  perMinute: number;
  /** 0: one more may begin, and is counted. Else for how many ms none may. */
  take(): Promise<number>;
  /** None may begin for so long. */
  rest(ms: number): Promise<void>;
}

const UNLIMITED = 1_000_000_000;
const KEY = "all";

export interface StartLimitOptions {
  redis: RedisClient;
  keys: Pick<Keys, "limits">;
  type: string;
  perMinute: number | undefined;
}

export function createStartLimit({
  redis,
  keys,
  type,
  perMinute = UNLIMITED,
}: StartLimitOptions): StartLimit {
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: keys.limits(`start-${type}`),
    points: perMinute,
    duration: 60,
  });
  return {
    perMinute,
    async take() {
      try {
        await limiter.consume(KEY);
        return 0;
      } catch (thrown) {
        if (!(thrown instanceof RateLimiterRes)) throw thrown;
        return Math.max(1, thrown.msBeforeNext);
      }
    },
    async rest(ms) {
      await limiter.block(KEY, Math.ceil(ms / 1000));
    },
  };
}
