import type { Redis } from "ioredis";
import { openReader } from "./connect.ts";
import type { RedisTarget } from "./target.ts";

/** Streams that one blocking read can follow, and a strict connection of its own to the server that has them. */
export interface StreamReader {
  redis: Redis;
  streams: string[];
}

/** The streams, each in one of the readers. They are closed by whom they are given to. */
export type OpenReaders = (streams: string[]) => StreamReader[];

export interface ReadersOptions {
  target: RedisTarget;
  /** What `CLIENT LIST` shows. */
  name: string;
  onError: (err: unknown) => void;
}

/** One read follows all streams, except in a cluster: that refuses a command whose keys are of several slots, also where one node has them all. */
export function openReaders(
  { target, name, onError }: ReadersOptions,
  streams: string[],
): StreamReader[] {
  const isCluster = typeof target === "object" && target.kind === "cluster";
  const groups = isCluster ? streams.map((stream) => [stream]) : [streams];
  return groups.map((group) => {
    const redis = openReader(target, group[0] ?? "", name);
    redis.on("error", onError);
    return { redis, streams: group };
  });
}
