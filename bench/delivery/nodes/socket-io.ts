import { createSecretKey } from "node:crypto";
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import jwt from "jsonwebtoken";
import { Server } from "socket.io";
import { SECRET } from "../lib/token.ts";
import { announcePort } from "./announce-port.ts";

const [redisUrl = ""] = process.argv.slice(2);
/** A secret given as text is first tried as a public key, at each verification: half of what a connection costs. */
const key = createSecretKey(Buffer.from(SECRET));

const server = createServer();
const publish = new Redis(redisUrl);
const io = new Server(server, { adapter: createAdapter(publish, publish.duplicate()) });

io.use((socket, next) => {
  try {
    const claims = jwt.verify(String(socket.handshake.auth["token"]), key, {
      algorithms: ["HS256"],
    });
    const { sub, groups = [] } = Object(claims);
    socket.data.rooms = [`user:${sub}`, ...groups.map((group: string) => `group:${group}`)];
    next();
  } catch {
    next(new Error("unauthorized"));
  }
});
io.on("connection", (socket) => void socket.join(socket.data.rooms));

announcePort(server);
