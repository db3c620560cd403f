import { type Cursor, formatCursor, parseCursor } from "../../src/contract/cursor.ts";
import type { Audience } from "../../src/contract/names.ts";
import type { Page, PageRequest, StoredFact } from "../../src/feeds/read.ts";
import { nobody } from "../../src/feeds/observer.ts";
import type { Item, Listener } from "../../src/feeds/item.ts";
import { createRoom } from "../../src/feeds/room.ts";
import type { TailEntry } from "../../src/feeds/tails.ts";
import { silent, toGauge } from "./stage.ts";

export const audience: Audience = "user:42";
export const at = (seq: number, epoch = "g.e"): Cursor => ({ epoch, seq });

/** An audience as Redis has it, in memory: what is said goes to its log, and to its tail only when the test wants it heard. */
export function createFeed() {
  const log: StoredFact[] = [];
  const feed = {
    epoch: "g.e",
    said: 0,
    open: [] as string[],
    reads: 0,
    /** Replaces the next read. */
    beforeRead: async (): Promise<void> => undefined,
    fact(jobId = "a", event = "job-started"): TailEntry {
      const seq = log.length + 1;
      const data = JSON.stringify({ jobId, seq });
      log.push({ seq, event, jobId, data });
      return { ...next(), kind: "fact", event, jobId, cursor: at(seq, feed.epoch), data };
    },
    gauge(jobId = "a", progress = 0): TailEntry {
      const data = JSON.stringify({ jobId, progress });
      return { ...next(), kind: "gauge", event: "job-progress", jobId, cursor: undefined, data };
    },
    head: () => at(log.length, feed.epoch),
    tailId: () => `${feed.said}-0`,
    async page({ cursor }: PageRequest): Promise<Page> {
      feed.reads += 1;
      await feed.beforeRead();
      const head = feed.head();
      const page = { head, tailId: feed.tailId(), openJobs: 0, open: feed.open, job: undefined };
      const place = parseCursor(cursor);
      if (place === undefined) return { ...page, status: "none", facts: [] };
      if (place.epoch !== feed.epoch) return { ...page, status: "epoch", facts: [] };
      if (place.seq > head.seq) return { ...page, status: "unknown", facts: [] };
      return { ...page, status: "ok", facts: log.slice(place.seq, place.seq + 200) };
    },
  };
  function next() {
    feed.said += 1;
    return { id: feed.tailId(), audience };
  }
  return feed;
}
export type TestFeed = ReturnType<typeof createFeed>;

/** A room on a feed in memory, opened where the feed stands now. */
export function openRoom(feed: TestFeed) {
  const room = createRoom(audience, {
    reader: feed,
    toGauge,
    observer: nobody,
    onEmpty: () => undefined,
    log: silent,
  });
  const page = { head: feed.head(), tailId: feed.tailId(), openJobs: 0, open: [], job: undefined };
  room.open({ ...page, status: "none", facts: [] });
  return room;
}

/** A listener, and what it heard: `1` is a fact, `~a 10` a gauge, `! epoch g.e-3` a resync. */
export function createEar() {
  const heard: string[] = [];
  const listener: Listener = { hear: (item) => void heard.push(inShort(item)) };
  return { heard, listener };
}

function inShort(item: Item): string {
  if (item.kind === "resync") return `! ${item.reason} ${formatCursor(item.cursor)}`;
  if (item.kind === "fact") return `${item.cursor.seq}`;
  return `~${item.jobId} ${JSON.parse(item.data).progress}`;
}
