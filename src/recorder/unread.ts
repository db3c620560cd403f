import { MAX_QUEUE_EVENTS } from "../jobs/queues.ts";
import { timeOfStreamId } from "../lib/stream-id.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Keys } from "../redis/keys.ts";
import { checkFooting } from "./history-stream.ts";

/** How far the reader of a queue is from the point where its events are trimmed. */
export interface Unread {
  /** How long the oldest event that nobody was told of has waited. */
  lagSeconds: number;
  /** Unread events as a share of those that are kept, by their times: at 1 they are trimmed unread. */
  share: number;
  /** Events were trimmed that nobody was told of. */
  isCut: boolean;
}

const NOTHING: Unread = { lagSeconds: 0, share: 0, isCut: false };
const FIRST = "0-0";

export async function measureUnread(
  redis: RedisClient,
  keys: Keys,
  queue: string,
): Promise<Unread> {
  const stream = keys.events(queue);
  const place = (await redis.get(keys.place(queue))) ?? FIRST;
  const [next] = await redis.xrange(stream, `(${place}`, "+", "COUNT", 1);
  if (next === undefined) return NOTHING;
  const [[first] = next] = await redis.xrange(stream, "-", "+", "COUNT", 1);
  const [[last] = next] = await redis.xrevrange(stream, "+", "-", "COUNT", 1);
  const unreadMs = timeOfStreamId(last) - timeOfStreamId(next[0]);
  const keptMs = Math.max(1, timeOfStreamId(last) - timeOfStreamId(first));
  // Who has read nothing yet may find a stream that was tidied before.
  const isCut = place !== FIRST && (await checkFooting(redis, stream, place)).kind === "trimmed";
  return {
    lagSeconds: Math.max(0, Date.now() - timeOfStreamId(next[0])) / 1000,
    share: Math.min(1, (unreadMs / keptMs) * ((await redis.xlen(stream)) / MAX_QUEUE_EVENTS)),
    isCut,
  };
}
