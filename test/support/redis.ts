import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { inject, test as base } from "vitest";

/** Tests on a real Redis: `redisUrl` is shared by all, the keys under `prefix` belong to one test. */
export const test = base
  .extend("redisUrl", { scope: "file" }, () => inject("redisUrl"))
  .extend("prefix", () => `test-${randomUUID()}`)
  .extend("redis", async ({ redisUrl }, { onCleanup }) => {
    const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
    onCleanup(() => redis.disconnect());
    return redis;
  });
