import type { RedisClient } from "../../redis/connect.ts";
import type { Logger } from "../../lib/logger.ts";
import type { Keys } from "../../redis/keys.ts";
import { sleep } from "../../lib/sleep.ts";
import { type Command, sendAll } from "../../redis/primaries.ts";
import { loadScript } from "../../redis/script.ts";
import { startPulse } from "./pulse.ts";

export interface ConnectionsOptions {
  /** A strict connection with a short timeout: a handshake must not wait for a Redis that is away. */
  redis: RedisClient;
  keys: Pick<Keys, "connections" | "node">;
  node: string;
  maxPerUser: number;
  log: Logger;
}

/** Who is connected to this node, and how often to all of them. A `payer` is a user, or a job whose token is used. */
export interface Connections {
  /** Counts a connection in; `false` when its user has too many over all nodes. While Redis is away everyone is let in. */
  admit(payer: string, socketId: string): Promise<boolean>;
  leave(payer: string, socketId: string): void;
  readonly size: number;
  readonly users: number;
  close(): void;
}

const RENEW_EVERY_MS = 20_000;
/** A node that missed three renewals is dead, and its connections with it. */
const TTL_MS = 60_000;
const ASK_EVERY_MS = 100;

const connect = loadScript("connect");

export function createConnections({
  redis,
  keys,
  node,
  maxPerUser,
  log,
}: ConnectionsOptions): Connections {
  /** Ids of sockets. */
  const local = new Map<string, string[]>();
  let size = 0;

  const pulse = startPulse({ redis, keys, node, log });

  const member = (socketId: string) => `${node}:${socketId}`;

  async function renew(): Promise<void> {
    const now = Date.now();
    const commands = Array.from(local, ([payer, sockets]): Command[] => {
      const key = keys.connections(payer);
      const members = sockets.map((socketId): Command => ["zadd", key, now, member(socketId)]);
      return [...members, ["pexpire", key, TTL_MS]];
    });
    await sendAll(redis, commands.flat());
  }

  const timer = setInterval(() => {
    renew().catch((err: unknown) => log.debug({ err }, "connections: cannot renew"));
  }, RENEW_EVERY_MS).unref();

  function add(payer: string, socketId: string): void {
    const sockets = local.get(payer);
    if (sockets === undefined) local.set(payer, [socketId]);
    else sockets.push(socketId);
    size += 1;
  }

  async function count(payer: string, socketId: string): Promise<boolean> {
    const args = [member(socketId), maxPerUser, TTL_MS];
    return (await connect.run(redis, [keys.connections(payer)], args)) === 1;
  }

  /** What a dead node still counts is taken off. A node may have died a moment ago, so each is waited for until it has shown that it lives. */
  async function countPatiently(payer: string, socketId: string): Promise<boolean> {
    const askedAt = performance.now();
    while (!(await count(payer, socketId))) {
      const members = await redis.zrange(keys.connections(payer), "0", "-1");
      const states = await pulse.ask(members.map(nodeOf), performance.now() - askedAt);
      const dead = members.filter((_, i) => states[i] === "dead");
      if (dead.length > 0) await redis.zrem(keys.connections(payer), ...dead);
      else if (!states.includes("unsure")) return false;
      else await sleep(ASK_EVERY_MS);
    }
    return true;
  }

  return {
    async admit(payer, socketId) {
      const isAdmitted = await countPatiently(payer, socketId).catch((err: unknown) => {
        log.debug({ err }, "connections: cannot count");
        return true;
      });
      if (isAdmitted) add(payer, socketId);
      return isAdmitted;
    },
    leave(payer, socketId) {
      const sockets = local.get(payer) ?? [];
      const left = sockets.filter((other) => other !== socketId);
      if (left.length === sockets.length) return;
      size -= 1;
      if (left.length === 0) local.delete(payer);
      else local.set(payer, left);
      redis.zrem(keys.connections(payer), member(socketId)).catch(() => undefined);
    },
    get size() {
      return size;
    },
    get users() {
      return local.size;
    },
    close() {
      clearInterval(timer);
      pulse.close();
    },
  };
}

const nodeOf = (member: string): string => member.slice(0, member.indexOf(":"));
