import { Redis } from "ioredis";
import type { OpenSource } from "../source.ts";

/** A channel for each audience. */
export const openPubSub: OpenSource = async ({ redisUrl }) => {
  const redis = new Redis(redisUrl);
  return {
    publish(due) {
      for (const { audience, event } of due) void redis.publish(audience, JSON.stringify(event));
    },
    drained: async () => void (await redis.ping()),
    close: () => redis.disconnect(),
  };
};
