import { createSecretKey } from "node:crypto";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import jwt from "jsonwebtoken";
import { Server, type ServerOptions } from "socket.io";
import { createKeys } from "../../../src/redis/keys.ts";
import { PREFIX, QUEUE } from "../lib/installation.ts";
import { SECRET } from "../lib/token.ts";
import { announcePort } from "./announce-port.ts";

/** How events come to this node. */
const [way = "", redisUrl = ""] = process.argv.slice(2);
/** A secret given as text is first tried as a public key, at each verification: half of what a connection costs. */
const key = createSecretKey(Buffer.from(SECRET));

const server = createServer();
const io = new Server(server, optionsOf(way));
if (way === "queue-events") tellProgress();

io.use((socket, next) => {
  try {
    const token = String(socket.handshake.auth["token"]);
    const { sub, groups = [] } = Object(jwt.verify(token, key, { algorithms: ["HS256"] }));
    socket.data.rooms = [`user:${sub}`, ...groups.map((group: string) => `group:${group}`)];
    next();
  } catch {
    next(new Error("unauthorized"));
  }
});
io.on("connection", (socket) => void socket.join(socket.data.rooms));

announcePort(server);

function optionsOf(adapter: string): Partial<ServerOptions> {
  if (adapter === "pub-sub") {
    const publish = new Redis(redisUrl);
    return { adapter: createAdapter(publish, publish.duplicate()) };
  }
  if (adapter === "streams")
    return { adapter: createStreamsAdapter(new Redis(redisUrl)), connectionStateRecovery: {} };
  return {};
}

/** Each node hears every job's progress, and tells its own sockets; whom it concerns is in the progress itself. */
function tellProgress(): void {
  const events = new QueueEvents(QUEUE, {
    connection: { url: redisUrl },
    prefix: createKeys(PREFIX).bull(QUEUE),
  });
  events.on("progress", ({ data }) => {
    const { audience } = Object(data);
    io.to(audience).emit("job-progress", data);
  });
}
