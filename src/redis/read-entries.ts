import type { Redis } from "ioredis";
import { sleep } from "../lib/sleep.ts";
import { createEntryParser, type EntryBytes } from "./entry-parser.ts";
import { BLOCK_MS, inTime } from "./in-time.ts";

export interface BlockingRead {
  /** Of `openReader`, and used for nothing else meanwhile. */
  redis: Redis;
  streams: string[];
  /** For each stream the entry to read after: never `$`, which means another place at each call. */
  after: string[];
  count: number;
  signal: AbortSignal;
}

/**
 * What was added to the streams, handed over entry by entry as the bytes come, or nothing after a second of silence or when `signal` fires. Fails when the link
 * broke or hangs, or `onEntry` does; what was handed over before counts, and the link is made anew.
 *
 * ioredis makes the link, with all that it knows of names, TLS and passwords, and the bytes are read off it by our own parser: see there.
 */
export async function readEntries(
  { redis, streams, after, count, signal }: BlockingRead,
  onEntry: (stream: string, entry: EntryBytes) => void,
): Promise<void> {
  await connected(redis, signal);
  if (signal.aborted) return;
  // ioredis learns of the end of a link a moment after the link does.
  if (!redis.stream.writable) throw new Error("The link to Redis broke");
  const answer = takeAnswer(redis.stream, onEntry);
  redis.stream.write(encode(["XREAD", ...limits(count), "STREAMS", ...streams, ...after]));
  try {
    await inTime(answer.done, signal);
    answer.giveBack();
  } catch (thrown) {
    // Whatever the old link still says must not be taken for the answer to the next call.
    redis.disconnect(true);
    if (!signal.aborted) throw thrown;
  }
}

/** Resolves when the connection can be used, or when `signal` fires. */
export async function connected(redis: Redis, signal: AbortSignal): Promise<void> {
  while (redis.status !== "ready" && !signal.aborted) await sleep(20, signal);
}

const limits = (count: number): string[] => ["COUNT", `${count}`, "BLOCK", `${BLOCK_MS}`];

type Link = Redis["stream"];

interface Answer {
  done: Promise<void>;
  /** Lets ioredis read on. */
  giveBack: () => void;
}

function takeAnswer(link: Link, onEntry: (stream: string, entry: EntryBytes) => void): Answer {
  const { promise: done, resolve, reject } = Promise.withResolvers<void>();
  const parser = createEntryParser(onEntry);
  const theirs = link.listeners("data");
  const take = (chunk: Buffer): void => {
    try {
      if (parser.push(chunk)) resolve();
    } catch (thrown) {
      reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  };
  const end = () => reject(new Error("The link to Redis broke"));
  link.removeAllListeners("data");
  link.on("data", take);
  link.once("close", end);
  return {
    done,
    giveBack() {
      link.off("data", take);
      link.off("close", end);
      for (const listener of theirs) Reflect.apply(link.on, link, ["data", listener]);
    },
  };
}

/** A command, as RESP2 has it. */
const encode = (parts: string[]): string =>
  `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`;
