import { type Cursor, formatCursor } from "../contract/cursor.ts";
import type { Audience } from "../contract/names.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import { type FeedReader, isGiven, type Page } from "./read.ts";
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
  /** Snapshots that belong to `cursor`; let go at the start, as `job` is. */
  open: string[];
  openJobs: number;
  job: string | undefined;
  start(): void;
  leave(): void;
}

/** A second of gauges of a busy audience; past it the log is read again. */
const MAX_HELD = 1000;
const NOWHERE: Cursor = { epoch: "", seq: 0 };

/** The room is listened to before its log is read: what is said after the read cannot be missed. */
export async function takeSeat(
  room: Room,
  reader: Pick<FeedReader, "page">,
  request: SeatRequest,
): Promise<Seat> {
  const seat = new SeatInRoom(room, reader, request);
  await seat.take();
  return seat;
}

/** Listens in its listener's place until the start. A class, since every client has some of them for as long as it is there. */
class SeatInRoom implements Seat, Listener {
  cursor: Cursor = NOWHERE;
  isRecovered = false;
  open: string[] = [];
  openJobs = 0;
  job: string | undefined;
  readonly #room: Room;
  readonly #reader: Pick<FeedReader, "page">;
  readonly #request: SeatRequest;
  #held: Item[] = [];
  #hasOverflown = false;
  #hasLeft = false;
  /** The last one read, until the start. */
  #page: Page | undefined;

  constructor(room: Room, reader: Pick<FeedReader, "page">, request: SeatRequest) {
    this.#room = room;
    this.#reader = reader;
    this.#request = request;
  }

  hear(item: Item): void {
    if (this.#held.length < MAX_HELD) this.#held.push(item);
    else this.#hasOverflown = true;
  }

  async take(): Promise<void> {
    const { cursor, maxOpenJobs = 0 } = this.#request;
    this.#room.overhear(this);
    try {
      const { page, isWhole } = await this.#replay(cursor, maxOpenJobs);
      this.#page = page;
      this.cursor = page.head;
      this.isRecovered = isWhole && isGiven(cursor);
      this.open = page.open;
      this.openJobs = page.openJobs;
      this.job = page.job;
    } catch (thrown) {
      this.#room.leave(this);
      throw thrown;
    }
  }

  start(): void {
    const page = this.#page;
    // It was shown by now, and may be large.
    this.open = [];
    this.job = undefined;
    this.#page = undefined;
    if (page !== undefined) this.#startFrom(page);
  }

  leave(): void {
    this.#hasLeft = true;
    this.#room.leave(this);
    this.#room.leave(this.#request.listener);
  }

  /** Page by page. */
  async #replay(from: unknown, maxOpenJobs: number): Promise<{ page: Page; isWhole: boolean }> {
    const { audience, jobId } = this.#request;
    let cursor = from;
    let isWhole = true;
    for (;;) {
      this.#held = [];
      this.#hasOverflown = false;
      const asked = { audience, cursor, maxOpenJobs, ...(jobId === undefined ? {} : { jobId }) };
      const known = this.#room.pageAt(asked);
      if (known !== undefined) return { page: known, isWhole };
      const page = await this.#reader.page(asked);
      if (this.#hasLeft) return { page, isWhole: false };
      this.#room.open(page);
      isWhole = this.#tell(page) && isWhole;
      const last = page.facts.at(-1);
      if (last === undefined || last.seq === page.head.seq) return { page, isWhole };
      cursor = formatCursor({ epoch: page.head.epoch, seq: last.seq });
      await this.#request.drained();
    }
  }

  #tell({ status, head, facts }: Page): boolean {
    const { audience, listener } = this.#request;
    const isWhole = status === "ok" || status === "none";
    if (!isWhole) listener.hear({ kind: "resync", audience, cursor: head, reason: status });
    for (const { event, jobId, data, seq } of facts) {
      const cursor = { epoch: head.epoch, seq };
      listener.hear({ kind: "fact", audience, event, jobId, data, cursor });
    }
    return isWhole;
  }

  #startFrom(page: Page): void {
    if (this.#hasLeft) return;
    if (this.#hasOverflown) return this.#again(page.head);
    const { listener } = this.#request;
    const { cursor, isWhole } = release(listener, this.#held, page);
    if (!isWhole) return this.#again(cursor);
    this.#held = [];
    // In this order: a room that nobody is in is closed.
    this.#room.enter(listener, { cursor, tailId: page.tailId });
    this.#room.leave(this);
  }

  #again(from: Cursor): void {
    this.#replay(formatCursor(from), MAX_SHOWN).then(
      ({ page }) => {
        if (this.#hasLeft) return;
        for (const gauge of this.#room.gaugesOf(page)) this.#request.listener.hear(gauge);
        this.#startFrom(page);
      },
      (reason: unknown) => {
        if (!this.#hasLeft) this.#request.onLost(reason);
      },
    );
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
