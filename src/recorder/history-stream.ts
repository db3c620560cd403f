import { FIRST_PLACE } from "../db/places-table.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import type { RedisClient } from "../redis/connect.ts";

/**
 * How a place lies to its stream: all that came after it is there (`firm`); some of it was `trimmed`; or the stream was `rewound`, since
 * Redis lost what it had acknowledged. `after` is the entry after which something is missing.
 */
export interface Footing {
  kind: "firm" | "trimmed" | "rewound";
  after?: string;
}

/** To be asked after a read of what comes after `place`: an entry that is there now was there then. */
export async function checkFooting(
  redis: RedisClient,
  stream: string,
  place: string,
): Promise<Footing> {
  if (place !== FIRST_PLACE && (await redis.xrange(stream, place, place)).length > 0)
    return { kind: "firm" };
  const info = await describe(redis, stream);
  // A stream made anew goes on with later ids, and is looked at again when it has some.
  if (info === undefined) return { kind: "firm" };
  if (place === FIRST_PLACE)
    return info.isWhole ? { kind: "firm" } : { kind: "trimmed", after: place };
  if (compareStreamIds(info.lastId, place) < 0) return { kind: "rewound", after: info.lastId };
  return { kind: "trimmed", after: place };
}

async function describe(
  redis: RedisClient,
  stream: string,
): Promise<{ lastId: string; isWhole: boolean } | undefined> {
  if ((await redis.exists(stream)) === 0) return undefined;
  const info: unknown = await redis.xinfo("STREAM", stream);
  if (!Array.isArray(info)) return undefined;
  const field = (name: string): unknown => info[info.indexOf(name) + 1];
  return {
    lastId: String(field("last-generated-id")),
    isWhole: field("entries-added") === field("length"),
  };
}
