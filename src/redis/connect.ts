import { Redis } from "ioredis";

/** Where Redis is: `redis://…`, `rediss://…`, or the path of a Unix socket. */
export type RedisTarget = string;

/**
 * A connection for commands: waits while Redis is away and sends again what was not answered. For reads, and for writes that may be
 * repeated. `name` is what `CLIENT LIST` shows.
 */
export const openRedis = (target: RedisTarget, name: string): Redis =>
  new Redis(target, { connectionName: name, maxRetriesPerRequest: null, retryStrategy });

/**
 * A connection whose commands are sent once or fail: nothing waits while the link is down, nothing is sent again, so what was in flight
 * when it broke is decided anew by its caller. Answers come within `timeoutMs` or count as lost; without it a command may block.
 */
export const openStrictRedis = (target: RedisTarget, name: string, timeoutMs?: number): Redis =>
  new Redis(target, {
    connectionName: name,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy,
    ...(timeoutMs === undefined ? {} : { commandTimeout: timeoutMs }),
  });

/**
 * A connection for a library that does not look at its promises, Socket.IO's adapter: what it had asked when the connection was closed would otherwise be an
 * unhandled rejection, and end the process.
 */
export const openUnwatchedRedis = (target: RedisTarget, name: string): Redis =>
  new UnwatchedRedis(target, { connectionName: name, maxRetriesPerRequest: null, retryStrategy });

class UnwatchedRedis extends Redis {
  override sendCommand(...args: Parameters<Redis["sendCommand"]>): unknown {
    const answer = super.sendCommand(...args);
    Promise.resolve(answer).catch(() => undefined);
    return answer;
  }
}

/** Short at first, since a restart takes less than a second; never above 1 s, since people are waiting. */
function retryStrategy(attempt: number): number {
  const ceiling = Math.min(1000, 25 * 2 ** Math.min(attempt, 6));
  return ceiling / 2 + Math.random() * (ceiling / 2);
}
