import { startPeers } from "./peer-node.ts";
import type { Target } from "./target.ts";

export const ws: Target = {
  name: "ws",
  title: "ws + Redis pub/sub, a channel for each user",
  dialect: "ws",
  source: "pub-sub",
  async start(options) {
    return { nodes: await startPeers("ws.ts", [options.redisUrl], options), helpers: [] };
  },
};
