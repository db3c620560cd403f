import { type Cursor, formatCursor } from "../contract/cursor.ts";
import type { Audience } from "../contract/names.ts";
import { JOB_GAUGE } from "../contract/socket.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import { createGaugeGate } from "./gauge-gate.ts";
import type { Gauge, Item, Listener, OwnGauge } from "./item.ts";
import type { RoomObserver } from "./observer.ts";
import type { FeedReader, Page } from "./read.ts";
import type { TailEntry } from "./tails.ts";

export interface RoomOptions {
  audience: Audience;
  reader: Pick<FeedReader, "page">;
  /** The gauge that shows a snapshot as it is now. */
  toGauge: (snapshot: string) => { jobId: string; data: string };
  observer: RoomObserver;
  log: Logger;
}

/**
 * An audience on this node. Its members hear each fact once, in order and without a hole: what the tail does not bring is read from the log, and
 * what neither can give is announced as a resync. Gauges are heard in their order among the facts, and may be left out.
 */
export interface Room {
  /** An entry of the audience's tail. */
  handle(entry: TailEntry): void;
  /** Reads from the log what was said since; for when the tail may have hidden something. */
  catchUp(): void;
  /** Whether the room stands elsewhere than `head`. */
  isBehind(head: Cursor): boolean;
  /** Adds a member that has been told everything up to `cursor` and up to the tail entry `tailId`. */
  enter(listener: Listener, from: { cursor: Cursor; tailId: string }): void;
  /** Has `listener` hear all that the room says from now on, before it has a place of its own. */
  overhear(listener: Listener): void;
  /** What gauges were missed is in the snapshots. */
  gaugesOf(page: Pick<Page, "open" | "tailId">): Item[];
  /** Tells the room where its feed stands, when it does not know yet. */
  open(page: Page): void;
  /** Has the observer see the newest `count` open jobs. */
  review(count: number): Promise<void>;
  /** What this node knows by itself: heard like any gauge, by all who have been told where the room stands. */
  show(gauge: OwnGauge): void;
  leave(listener: Listener): void;
  readonly isEmpty: boolean;
  close(): void;
}

/** More than a page of facts and a second of gauges; past it the log is read again. */
const MAX_PENDING = 2000;
/** So many open jobs are shown anew after gauges were missed. */
export const MAX_SHOWN = 100;

export function createRoom({ audience, reader, toGauge, observer, log }: RoomOptions): Room {
  /** In step with the room. */
  const members = new Set<Listener>();
  /** Ahead of the room: they have been told more than the tail has brought here yet. */
  const ahead = new Map<Listener, { cursor: Cursor; tailId: string }>();
  const gate = createGaugeGate((item) => say(item));
  const closing = new AbortController();
  let head: Cursor | undefined;
  /** The tail up to here is covered by what was read from the log. */
  let coveredTo = "0-0";
  let isReading = false;
  let isStale = false;
  let pending: TailEntry[] = [];

  function handle(entry: TailEntry): void {
    if (head === undefined || isReading) return postpone(entry);
    if (compareStreamIds(entry.id, coveredTo) <= 0) return;
    if (entry.kind === "gauge") return offer(toGaugeItem(audience, entry));
    if (entry.cursor === undefined) return;
    if (entry.cursor.epoch !== head.epoch || entry.cursor.seq > head.seq + 1) return catchUp();
    if (entry.cursor.seq === head.seq + 1) tell(entry.cursor, entry);
  }

  function postpone(entry: TailEntry): void {
    pending.push(entry);
    if (pending.length <= MAX_PENDING) return;
    pending = [];
    isStale = true;
  }

  function tell(
    cursor: Cursor,
    { event, jobId, data }: Pick<TailEntry, "event" | "jobId" | "data">,
  ): void {
    head = cursor;
    gate.drop(jobId);
    announce({ kind: "fact", audience, event, jobId, data, cursor });
  }

  function announce(item: Item): void {
    observer.hear(audience, item);
    say(item);
  }

  /** Observed before it may have to wait: nothing older must be made of what is known of the job. */
  function offer(gauge: Gauge): void {
    observer.hear(audience, gauge);
    gate.offer(gauge);
  }

  function say(item: Item): void {
    if (ahead.size > 0) catchThemUp(item);
    for (const listener of members) listener.hear(item);
  }

  function catchThemUp(item: Item): void {
    for (const [listener, place] of ahead) {
      if (!isNews(item, place, head)) continue;
      // The tail has still to come to where the member stands.
      if (isOwn(item)) listener.hear(item);
      else step(listener);
    }
  }

  function step(listener: Listener): void {
    ahead.delete(listener);
    members.add(listener);
  }

  function catchUp(): void {
    isStale = true;
    if (isReading || head === undefined || closing.signal.aborted) return;
    isReading = true;
    void readOn().finally(() => {
      isReading = false;
      flush();
    });
  }

  async function readOn(): Promise<void> {
    while (isStale && head !== undefined && !closing.signal.aborted) {
      isStale = false;
      try {
        const page = await reader.page({
          audience,
          cursor: formatCursor(head),
          maxOpenJobs: MAX_SHOWN,
        });
        if (!closing.signal.aborted) replay(page, head);
      } catch (thrown) {
        log.warn({ err: thrown, audience }, "room: cannot read the log; trying again");
        isStale = true;
        await sleep(250, closing.signal);
      }
    }
  }

  function replay(page: Page, from: Cursor): void {
    if (page.status !== "ok" && page.status !== "none") {
      head = page.head;
      gate.clear();
      announce({ kind: "resync", audience, cursor: page.head, reason: page.status });
    }
    for (const fact of page.facts) tell({ epoch: from.epoch, seq: fact.seq }, fact);
    if (head !== undefined && head.seq < page.head.seq) isStale = true;
    else cover(page);
  }

  function cover(page: Page): void {
    coveredTo = page.tailId;
    for (const gauge of gaugesOf(page)) offer(gauge);
  }

  function gaugesOf({ open, tailId }: Pick<Page, "open" | "tailId">): Gauge[] {
    return open.map((snapshot) => ({
      kind: "gauge",
      audience,
      event: JOB_GAUGE,
      tailId,
      ...toGauge(snapshot),
    }));
  }

  /** Only a page of where the room stands says what is open there. */
  function see({ head: at, open, openJobs }: Page): void {
    const isNow = head !== undefined && head.epoch === at.epoch && head.seq === at.seq;
    observer.see(audience, isNow ? open : [], isNow && open.length >= openJobs);
  }

  function flush(): void {
    const postponed = pending;
    pending = [];
    for (const entry of postponed) handle(entry);
    if (isStale) catchUp();
  }

  return {
    handle,
    catchUp,
    gaugesOf,
    isBehind: (other) => head !== undefined && (head.epoch !== other.epoch || head.seq < other.seq),
    open(page) {
      if (head === undefined) {
        head = page.head;
        coveredTo = page.tailId;
        see(page);
        return flush();
      }
      see(page);
    },
    async review(count) {
      const page = await reader.page({ audience, maxOpenJobs: count });
      if (!closing.signal.aborted) see(page);
    },
    show: (gauge) => gate.offer({ kind: "gauge", audience, tailId: undefined, ...gauge }),
    overhear: (listener) => void members.add(listener),
    enter(listener, place) {
      members.delete(listener);
      const isInStep =
        head !== undefined && head.epoch === place.cursor.epoch && head.seq >= place.cursor.seq;
      if (isInStep && compareStreamIds(coveredTo, place.tailId) >= 0) step(listener);
      else ahead.set(listener, place);
    },
    leave(listener) {
      members.delete(listener);
      ahead.delete(listener);
    },
    get isEmpty() {
      return members.size === 0 && ahead.size === 0;
    },
    close() {
      closing.abort();
      gate.clear();
    },
  };
}

/** Whether a member that was told up to `place` has yet to hear `item`. */
function isNews(
  item: Item,
  place: { cursor: Cursor; tailId: string },
  head: Cursor | undefined,
): boolean {
  if (item.kind === "resync")
    return item.cursor.epoch !== place.cursor.epoch || item.cursor.seq > place.cursor.seq;
  // Of another epoch: the room has yet to find out, and will say so by a resync.
  if (item.kind === "fact")
    return item.cursor.epoch === place.cursor.epoch && item.cursor.seq > place.cursor.seq;
  const isInStep =
    head !== undefined && head.epoch === place.cursor.epoch && head.seq >= place.cursor.seq;
  return isInStep && (item.tailId === undefined || compareStreamIds(item.tailId, place.tailId) > 0);
}

const isOwn = (item: Item): boolean => item.kind === "gauge" && item.tailId === undefined;

const toGaugeItem = (audience: Audience, { event, jobId, data, id }: TailEntry): Gauge => ({
  kind: "gauge",
  audience,
  event,
  jobId,
  data,
  tailId: id,
});
