import { startPeers } from "./peer-node.ts";
import type { Target } from "./target.ts";

export const raw: Target = {
  name: "raw",
  title: "Socket.IO + Redis adapter + emitter",
  dialect: "socket.io",
  source: "emitter",
  async start(options) {
    return {
      nodes: await startPeers("socket-io.ts", ["pub-sub", options.redisUrl], options),
      helpers: [],
    };
  },
};
