import { Redis } from "ioredis";
import type { OpenSource } from "../source.ts";

/** As the adapter has them, which no emitter writes to: its own message, in its own form. */
const STREAM = "socket.io";
const MAX_ENTRIES = 10_000;
const BROADCAST = 3;

export const openStreams: OpenSource = async ({ redisUrl }) => {
  const redis = new Redis(redisUrl);
  return {
    publish(due) {
      for (const { audience, event } of due) {
        const packet = { type: 2, data: ["job-started", event], nsp: "/" };
        const opts = { rooms: [audience], except: [], flags: {} };
        const data = JSON.stringify({ packet, opts });
        const fields = { uid: "publisher", nsp: "/", type: `${BROADCAST}`, data };
        void redis.xadd(STREAM, "MAXLEN", "~", MAX_ENTRIES, "*", ...Object.entries(fields).flat());
      }
    },
    drained: async () => void (await redis.ping()),
    close: () => redis.disconnect(),
  };
};
