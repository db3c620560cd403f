import { type Cursor, parseCursor } from "../contract/cursor.ts";
import type { Audience } from "../contract/names.ts";
import type { ResyncReason } from "../contract/socket.ts";
import type { RedisClient } from "../redis/connect.ts";
import { toFeedHead } from "../redis/feed-head.ts";
import { feedKeys, type Keys, partitionOf } from "../redis/keys.ts";
import { sendAll } from "../redis/primaries.ts";
import { loadScript } from "../redis/script.ts";
import { META_TTL_MS, newEpoch, newGeneration } from "./append.ts";

/** A fact as its log holds it; `data` is JSON, numbered and complete. */
export interface StoredFact {
  seq: number;
  event: string;
  jobId: string;
  data: string;
}

/** What a log says to a reader who stands at a cursor, all of one instant. */
export interface Page {
  /** Where the feed stands. */
  head: Cursor;
  /** `none`: no cursor was given. A reason for a resync: nothing can be replayed from that cursor. */
  status: "ok" | "none" | ResyncReason;
  /** The facts after the cursor, in order and without a hole; not all of them when the last one is before `head`. */
  facts: StoredFact[];
  /** The tail's last entry: what comes later in the tail is not in here, what does not, is. */
  tailId: string;
  openJobs: number;
  /** Snapshots of open jobs, newest first, as JSON. */
  open: string[];
  /** The snapshot of the job asked for. */
  job: string | undefined;
}

export interface PageRequest {
  audience: Audience;
  /** As a client gave it; `null` is none, as on the wire. */
  cursor?: unknown;
  maxOpenJobs?: number;
  jobId?: string;
}

export const isGiven = (cursor: unknown): boolean => cursor !== undefined && cursor !== null;

export interface FeedReader {
  /** Calls made in one turn of the event loop for the same page share one read. */
  page(request: PageRequest): Promise<Page>;
  /** Where feeds stand now; keeps their meta from expiring. `undefined` for a feed that was never joined or written. */
  heads(audiences: Audience[]): Promise<(Cursor | undefined)[]>;
}

/** So many facts at once: some 100 KB, little enough for a socket's buffer. */
export const PAGE_FACTS = 200;
/** Of larger facts fewer: a page must never fill the buffer of a client that reads slowly, or it would be cut at each try. */
const PAGE_BYTES = 256 * 1024;

const script = loadScript("join");

export function createFeedReader({
  redis,
  keys,
  partitions,
}: {
  redis: RedisClient;
  keys: Keys;
  partitions: number;
}): FeedReader {
  const shared = new Map<string, Promise<Page>>();

  async function read({
    audience,
    cursor,
    maxOpenJobs = 0,
    jobId = "",
  }: PageRequest): Promise<Page> {
    const place = parseCursor(cursor);
    if (place === undefined && isGiven(cursor)) {
      const page = await read({ audience, maxOpenJobs, jobId });
      return { ...page, status: "unknown" };
    }
    const partition = partitionOf(audience, partitions);
    const keyList = feedKeys(keys, partition, audience);
    const from = [newGeneration(), newEpoch(), place?.epoch ?? "", place?.seq ?? 0];
    return toPage(
      await script.run(redis, keyList, [
        ...from,
        PAGE_FACTS,
        PAGE_BYTES,
        maxOpenJobs,
        jobId,
        META_TTL_MS,
      ]),
    );
  }

  return {
    page(request) {
      const key = JSON.stringify([
        request.audience,
        request.cursor,
        request.maxOpenJobs,
        request.jobId,
      ]);
      const known = shared.get(key);
      if (known !== undefined) return known;
      // Sent at the end of this turn: whoever shares the read began to listen before it was made, so it hides nothing from them.
      const page = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        shared.delete(key);
        return read(request);
      });
      shared.set(key, page);
      return page;
    },

    async heads(audiences) {
      const replies = await sendAll(
        redis,
        audiences.flatMap((audience) => {
          const partition = partitionOf(audience, partitions);
          const meta = keys.meta(partition, audience);
          return [
            ["hget", keys.partition(partition), "generation"],
            ["hmget", meta, "epoch", "seq"],
            ["pexpire", meta, META_TTL_MS],
          ] as const;
        }),
      );
      return audiences.map((_, i) => toFeedHead(replies[3 * i], replies[3 * i + 1]));
    },
  };
}

type Reply = [
  string,
  string,
  Page["status"],
  string,
  [string, string, string, string][],
  number,
  (string | null)[],
  string | null,
];

function toPage(reply: unknown): Page {
  if (!isReply(reply)) throw new Error("Unexpected answer of the join script");
  const [epoch, seq, status, tailId, facts, openJobs, open, job] = reply;
  return {
    head: { epoch, seq: Number(seq) },
    status,
    facts: facts.map(([n, event, jobId, data]) => ({ seq: Number(n), event, jobId, data })),
    tailId,
    openJobs,
    open: open.filter((snapshot) => snapshot !== null),
    job: job ?? undefined,
  };
}

/** What is in it is as the script's header says: both are of one commit. */
const isReply = (reply: unknown): reply is Reply => Array.isArray(reply) && reply.length === 8;
