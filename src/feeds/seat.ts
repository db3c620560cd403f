import { type Cursor, formatCursor } from "../contract/cursor.ts";
import type { Audience } from "../contract/names.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import type { FeedReader, Page } from "./read.ts";
import type { Item, Listener } from "./item.ts";
import { MAX_SHOWN, type Room } from "./room.ts";

export interface SeatRequest {
  audience: Audience;
  listener: Listener;
  /** As the client gave it; left out by one that has heard nothing yet. */
  cursor?: unknown;
  maxOpenJobs?: number;
  jobId?: string;
  /** Resolves when the listener has room for another page. */
  drained: () => Promise<void>;
  /** The seat could not be kept; the listener has to come back. */
  onLost: (reason: unknown) => void;
}

/**
 * A listener's place in a room. Everything after its cursor has been heard when the seat is given; what the room says from then on waits until
 * `start`, so that a snapshot taken here can be shown first.
 */
export interface Seat {
  /** Up to where the listener has heard. */
  cursor: Cursor;
  /** A cursor was given, and all after it was replayed. */
  isRecovered: boolean;
  /** Snapshots that belong to `cursor`. */
  open: string[];
  openJobs: number;
  job: string | undefined;
  start(): void;
  leave(): void;
}

/** A second of gauges of a busy audience; past it the log is read again. */
const MAX_HELD = 1000;

export async function takeSeat(
  room: Room,
  reader: Pick<FeedReader, "page">,
  request: SeatRequest,
): Promise<Seat> {
  const { audience, listener, drained, onLost } = request;
  let held: Item[] = [];
  let hasOverflown = false;
  let hasLeft = false;
  const ear: Listener = {
    hear(item) {
      if (held.length < MAX_HELD) held.push(item);
      else hasOverflown = true;
    },
  };

  /** Replays page by page. The room is listened to before a page is read: what is said after it cannot be missed. */
  async function replay(
    from: unknown,
    maxOpenJobs = request.maxOpenJobs ?? 0,
  ): Promise<{ page: Page; isWhole: boolean }> {
    let cursor = from;
    let isWhole = true;
    for (;;) {
      held = [];
      hasOverflown = false;
      const { jobId } = request;
      const page = await reader.page({
        audience,
        cursor,
        maxOpenJobs,
        ...(jobId === undefined ? {} : { jobId }),
      });
      if (hasLeft) return { page, isWhole: false };
      room.open(page);
      isWhole = tell(page) && isWhole;
      const last = page.facts.at(-1);
      if (last === undefined || last.seq === page.head.seq) return { page, isWhole };
      cursor = formatCursor({ epoch: page.head.epoch, seq: last.seq });
      await drained();
    }
  }

  function tell({ status, head, facts }: Page): boolean {
    const isWhole = status === "ok" || status === "none";
    if (!isWhole) listener.hear({ kind: "resync", audience, cursor: head, reason: status });
    for (const { event, jobId, data, seq } of facts) {
      listener.hear({
        kind: "fact",
        audience,
        event,
        jobId,
        data,
        cursor: { epoch: head.epoch, seq },
      });
    }
    return isWhole;
  }

  function start(page: Page): void {
    if (hasLeft) return;
    if (hasOverflown) return again(page.head);
    const { cursor, isWhole } = release(listener, held, page);
    if (!isWhole) return again(cursor);
    room.leave(ear);
    room.enter(listener, { cursor, tailId: page.tailId });
  }

  function again(from: Cursor): void {
    replay(formatCursor(from), MAX_SHOWN).then(
      ({ page }) => {
        if (hasLeft) return;
        for (const gauge of room.gaugesOf(page)) listener.hear(gauge);
        start(page);
      },
      (reason: unknown) => hasLeft || onLost(reason),
    );
  }

  room.overhear(ear);
  try {
    const { page, isWhole } = await replay(request.cursor);
    return {
      cursor: page.head,
      isRecovered: isWhole && request.cursor !== undefined && request.cursor !== null,
      open: page.open,
      openJobs: page.openJobs,
      job: page.job,
      start: () => start(page),
      leave() {
        hasLeft = true;
        room.leave(ear);
        room.leave(listener);
      },
    };
  } catch (thrown) {
    room.leave(ear);
    throw thrown;
  }
}

/** Has the listener hear what waited, up to the first hole; `cursor` is where that leaves it. */
function release(
  listener: Listener,
  held: Item[],
  { head, tailId }: Page,
): { cursor: Cursor; isWhole: boolean } {
  let cursor = head;
  for (const item of held) {
    if (item.kind === "gauge") {
      // What the node says by itself is in what was shown since, and as new there.
      if (item.tailId !== undefined && compareStreamIds(item.tailId, tailId) > 0)
        listener.hear(item);
      continue;
    }
    const isSameEpoch = item.cursor.epoch === cursor.epoch;
    if (isSameEpoch && item.cursor.seq <= cursor.seq) continue;
    const isNext = isSameEpoch && item.cursor.seq === cursor.seq + 1;
    if (item.kind === "fact" && !isNext) return { cursor, isWhole: false };
    cursor = item.cursor;
    listener.hear(item);
  }
  return { cursor, isWhole: true };
}
