import type { Redis } from "ioredis";
import { sleep } from "../lib/sleep.ts";
import { BLOCK_MS, inTime } from "./in-time.ts";

export interface BlockingRead {
  /** A strict connection that nothing else uses. */
  redis: Redis;
  streams: string[];
  /** For each stream the entry to read after: never `$`, which means another place at each call. */
  after: string[];
  count: number;
  signal: AbortSignal;
}

export type StreamEntries = [stream: string, entries: [id: string, flat: string[]][]][];

/**
 * What was added to the streams, or nothing after a second of silence or when `signal` fires. Fails when the link broke or hangs, and has it made anew then.
 */
export async function readStreams({
  redis,
  streams,
  after,
  count,
  signal,
}: BlockingRead): Promise<StreamEntries> {
  await connected(redis, signal);
  if (signal.aborted) return [];
  const reading = redis.xread("COUNT", count, "BLOCK", BLOCK_MS, "STREAMS", ...streams, ...after);
  try {
    return (await inTime(reading, signal)) ?? [];
  } catch (thrown) {
    // Whatever the old link still answers must not be taken for the answer to the next call, under a new lease perhaps.
    redis.disconnect(true);
    if (signal.aborted) return [];
    throw thrown;
  }
}

/** Resolves when the connection can be used, or when `signal` fires. */
export async function connected(redis: Redis, signal: AbortSignal): Promise<void> {
  while (redis.status !== "ready" && !signal.aborted) await sleep(20, signal);
}
