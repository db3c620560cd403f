import { startPeers } from "./peer-node.ts";
import type { Target } from "./target.ts";

export const streams: Target = {
  name: "streams",
  title: "Socket.IO + Redis Streams adapter, with connection state recovery",
  dialect: "streams",
  source: "streams",
  async start(options) {
    const nodes = await startPeers("socket-io.ts", ["streams", options.redisUrl], options);
    return { nodes, helpers: [] };
  },
};
