import { startPeers } from "./peer-node.ts";
import type { Target } from "./target.ts";

export const queueEvents: Target = {
  name: "queue-events",
  title: "BullMQ QueueEvents in each node + Socket.IO",
  dialect: "socket.io",
  source: "queue-events",
  async start(options) {
    const nodes = await startPeers("socket-io.ts", ["queue-events", options.redisUrl], options);
    return { nodes, helpers: [] };
  },
};
