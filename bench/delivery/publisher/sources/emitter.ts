import { Emitter } from "@socket.io/redis-emitter";
import { Redis } from "ioredis";
import type { OpenSource } from "../source.ts";

/** What Socket.IO's Redis adapter is told by processes that are no Socket.IO servers. */
export const openEmitter: OpenSource = async ({ redisUrl }) => {
  const redis = new Redis(redisUrl);
  const emitter = new Emitter(redis);
  return {
    publish(due) {
      for (const { audience, event } of due) emitter.to(audience).emit("job-started", event);
    },
    drained: async () => void (await redis.ping()),
    close: () => redis.disconnect(),
  };
};
