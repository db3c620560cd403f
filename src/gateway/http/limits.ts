import type { RedisClient } from "../../redis/connect.ts";
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import type { Caller } from "../../contract/tokens.ts";
import { JobcastError } from "../../errors.ts";
import type { Keys } from "../../redis/keys.ts";
import { toAddressKey } from "../auth/address-key.ts";

/** Each fails with `rate_limited` and says when to come again. */
export interface Limits {
  call(caller: Caller): Promise<void>;
  submit(caller: Caller): Promise<void>;
  /** A call of `address` that had no good token. */
  failure(address: string): Promise<void>;
}

export interface LimitsOptions {
  redis: RedisClient;
  keys: Pick<Keys, "limits">;
  /** A minute and user: 600, 120; a minute and address: 60. */
  perMinute?: { calls: number; submits: number; failures: number };
}

const PER_MINUTE = { calls: 600, submits: 120, failures: 60 };

/** Counts over all nodes. While Redis is away each node counts for itself: a limit is no reason to turn anyone down. */
export function createLimits({ redis, keys, perMinute = PER_MINUTE }: LimitsOptions): Limits {
  const create = (name: string, points: number): RateLimiterRedis => {
    const budget = { keyPrefix: keys.limits(name), points, duration: 60 };
    return new RateLimiterRedis({
      ...budget,
      storeClient: redis,
      rejectIfRedisNotReady: true,
      // Whoever is over the limit costs Redis nothing more.
      inMemoryBlockOnConsumed: points,
      insuranceLimiter: new RateLimiterMemory(budget),
    });
  };
  const calls = create("calls", perMinute.calls);
  const submits = create("submits", perMinute.submits);
  const failures = create("failures", perMinute.failures);
  return {
    call: (caller) => consume(calls, payerOf(caller)),
    submit: (caller) => consume(submits, payerOf(caller)),
    failure: (address) => consume(failures, toAddressKey(address)),
  };
}

async function consume(limiter: RateLimiterRedis, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (thrown) {
    if (!(thrown instanceof RateLimiterRes)) throw thrown;
    const retryAfterSeconds = Math.max(1, Math.ceil(thrown.msBeforeNext / 1000));
    throw new JobcastError("rate_limited", "Too many calls", { retryAfterSeconds });
  }
}

/** A job's token is handed around: those who hold it must not use up what its maker may do. */
const payerOf = ({ userId, onlyJob }: Caller): string =>
  onlyJob === undefined ? `user:${userId}` : `job:${onlyJob}`;
