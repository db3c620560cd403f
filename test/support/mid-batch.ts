import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import type { Redis } from "ioredis";

export interface MidBatchOptions {
  redis: Redis;
  redisUrl: string;
  /** Of the installation's keys. */
  prefix: string;
  /** The recorder, as it goes in Redis. */
  holder: string;
  freeze: () => void;
  thaw: () => void;
}

/**
 * Freezes a recorder at the worst moment: it has read how an audience stands, and not yet written what comes next. Tries until it succeeds, so facts must go
 * on being made.
 */
export async function freezeInMidBatch(options: MidBatchOptions): Promise<void> {
  const { redis, redisUrl, prefix, holder, freeze, thaw } = options;
  const { hostname, port, password } = new URL(redisUrl);
  const socket = connect(Number(port), hostname);
  const isRead = (line: string) => line.includes(`"hmget" "${prefix}:`) && line.includes(':jobs"');
  const isWrite = (line: string) => line.includes(`"${holder}"`) && line.includes(':log"');
  const mark = randomUUID();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isFrozen = false;
  let isMidBatch = false;

  /** What it had sent before is done when Redis has answered once; then all of it has been heard of when the mark is. */
  function stop(): void {
    freeze();
    isFrozen = true;
    redis
      .ping()
      .then(() => redis.ping(mark))
      .catch(reject);
  }

  createInterface(socket).on("line", (line) => {
    if (isWrite(line)) isMidBatch = false;
    if (isRead(line)) isMidBatch = true;
    if (isMidBatch && !isFrozen) stop();
    if (!line.includes(mark)) return;
    if (isMidBatch) return resolve();
    isFrozen = false;
    thaw();
  });
  socket.on("error", reject);
  if (password !== "") socket.write(`AUTH ${password}\r\n`);
  socket.write("MONITOR\r\n");
  await promise.finally(() => socket.destroy());
}
