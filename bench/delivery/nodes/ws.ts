import { createSecretKey } from "node:crypto";
import { createServer } from "node:http";
import { Redis } from "ioredis";
import jwt from "jsonwebtoken";
import { type WebSocket, WebSocketServer } from "ws";
import { SECRET } from "../lib/token.ts";
import { announcePort } from "./announce-port.ts";

const [redisUrl = ""] = process.argv.slice(2);
const key = createSecretKey(Buffer.from(SECRET));
const redis = new Redis(redisUrl);
const followers = new Map<string, Set<WebSocket>>();

const server = createServer();
const webSockets = new WebSocketServer({ server });

webSockets.on("connection", (socket, request) => {
  const token = new URL(request.url ?? "", "http://localhost").searchParams.get("token") ?? "";
  try {
    const { sub, groups = [] } = Object(jwt.verify(token, key, { algorithms: ["HS256"] }));
    const channels = [`user:${sub}`, ...groups.map((group: string) => `group:${group}`)];
    void follow(socket, channels).then(() => socket.send("ready"));
  } catch {
    socket.close(4401);
  }
});

async function follow(socket: WebSocket, channels: string[]): Promise<void> {
  const fresh = channels.filter((channel) => !followers.has(channel));
  for (const channel of channels) {
    const sockets = followers.get(channel) ?? new Set();
    followers.set(channel, sockets.add(socket));
  }
  socket.on("close", () => leave(socket, channels));
  if (fresh.length > 0) await redis.subscribe(...fresh);
}

function leave(socket: WebSocket, channels: string[]): void {
  for (const channel of channels) {
    const sockets = followers.get(channel);
    sockets?.delete(socket);
    if (sockets?.size !== 0) continue;
    followers.delete(channel);
    void redis.unsubscribe(channel);
  }
}

redis.on("message", (channel, message) => {
  for (const socket of followers.get(channel) ?? []) socket.send(message);
});

announcePort(server);
