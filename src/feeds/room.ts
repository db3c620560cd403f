import { type Cursor, formatCursor } from "../contract/cursor.ts";
import type { Audience } from "../contract/names.ts";
import { JOB_GAUGE } from "../contract/socket.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import { createGaugeGate, type GaugeGate } from "./gauge-gate.ts";
import type { Gauge, Item, Listener, OwnGauge } from "./item.ts";
import { isPast, Members, type Place } from "./members.ts";
import type { RoomObserver } from "./observer.ts";
import { type FeedReader, isGiven, type Page, type PageRequest } from "./read.ts";
import type { TailEntry } from "./tails.ts";

/** What all rooms of a node have in common. */
export interface RoomDeps {
  reader: Pick<FeedReader, "page">;
  /** The gauge that shows a snapshot as it is now. */
  toGauge: (snapshot: string) => { jobId: string; data: string };
  observer: RoomObserver;
  /** The last one has left. */
  onEmpty: (audience: Audience, room: Room) => void;
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
  /** Adds a member that has been told everything up to `place`. */
  enter(listener: Listener, place: Place): void;
  /** Has `listener` hear all that the room says from now on, before it has a place of its own. */
  overhear(listener: Listener): void;
  /** What gauges were missed is in the snapshots. */
  gaugesOf(page: Pick<Page, "open" | "tailId">): Item[];
  /** What a read of the log would bring, where the room knows that: nothing was said after the cursor, and no snapshot is asked for. */
  pageAt(request: PageRequest): Page | undefined;
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
const RETRY_MS = 250;

/** A class, since a node has one for every user: made of closures, it would be the most of what a user takes. */
class FeedRoom implements Room {
  readonly #audience: Audience;
  readonly #deps: RoomDeps;
  readonly #members = new Members();
  #gate: GaugeGate | undefined;
  #head: Cursor | undefined;
  /** The tail up to here is covered by what was read from the log. */
  #coveredTo = "0-0";
  #isReading = false;
  #isStale = false;
  #isClosed = false;
  #pending: TailEntry[] = [];

  constructor(audience: Audience, deps: RoomDeps) {
    this.#audience = audience;
    this.#deps = deps;
  }

  handle(entry: TailEntry): void {
    const head = this.#head;
    if (head === undefined || this.#isReading) return this.#postpone(entry);
    if (compareStreamIds(entry.id, this.#coveredTo) <= 0) return;
    if (entry.kind === "gauge") return this.#offer(toGaugeItem(this.#audience, entry));
    if (entry.cursor === undefined) return;
    if (entry.cursor.epoch !== head.epoch || entry.cursor.seq > head.seq + 1) return this.catchUp();
    if (entry.cursor.seq === head.seq + 1) this.#tell(entry.cursor, entry);
  }

  #postpone(entry: TailEntry): void {
    this.#pending.push(entry);
    if (this.#pending.length <= MAX_PENDING) return;
    this.#pending = [];
    this.#isStale = true;
  }

  #tell(cursor: Cursor, { event, jobId, data }: Pick<TailEntry, "event" | "jobId" | "data">): void {
    this.#head = cursor;
    this.#gate?.drop(jobId);
    this.#announce({ kind: "fact", audience: this.#audience, event, jobId, data, cursor });
  }

  #announce(item: Item): void {
    this.#deps.observer.hear(this.#audience, item);
    this.#say(item);
  }

  /** Observed before it may have to wait: nothing older must be made of what is known of the job. */
  #offer(gauge: Gauge): void {
    this.#deps.observer.hear(this.#audience, gauge);
    this.#letThrough(gauge);
  }

  #letThrough(gauge: Gauge): void {
    this.#gate ??= createGaugeGate((item) => this.#say(item));
    this.#gate.offer(gauge);
  }

  #say(item: Item): void {
    this.#members.hear(item, this.#head);
  }

  catchUp(): void {
    this.#isStale = true;
    if (this.#isReading || this.#head === undefined || this.#isClosed) return;
    this.#isReading = true;
    void this.#readOn().finally(() => {
      this.#isReading = false;
      this.#flush();
    });
  }

  async #readOn(): Promise<void> {
    const { reader, log } = this.#deps;
    const audience = this.#audience;
    while (this.#isStale && this.#head !== undefined && !this.#isClosed) {
      this.#isStale = false;
      const from = this.#head;
      try {
        const cursor = formatCursor(from);
        const page = await reader.page({ audience, cursor, maxOpenJobs: MAX_SHOWN });
        if (!this.#isClosed) this.#replay(page, from);
      } catch (thrown) {
        log.warn({ err: thrown, audience }, "room: cannot read the log; trying again");
        this.#isStale = true;
        await sleep(RETRY_MS);
      }
    }
  }

  #replay(page: Page, from: Cursor): void {
    const audience = this.#audience;
    if (page.status !== "ok" && page.status !== "none") {
      this.#head = page.head;
      this.#gate?.clear();
      this.#announce({ kind: "resync", audience, cursor: page.head, reason: page.status });
    }
    for (const fact of page.facts) this.#tell({ epoch: from.epoch, seq: fact.seq }, fact);
    if (this.#head !== undefined && this.#head.seq < page.head.seq) this.#isStale = true;
    else this.#cover(page);
  }

  #cover(page: Page): void {
    this.#coveredTo = page.tailId;
    for (const gauge of this.gaugesOf(page)) this.#offer(gauge);
  }

  gaugesOf({ open, tailId }: Pick<Page, "open" | "tailId">): Gauge[] {
    return open.map((snapshot) => ({
      kind: "gauge",
      audience: this.#audience,
      event: JOB_GAUGE,
      tailId,
      ...this.#deps.toGauge(snapshot),
    }));
  }

  /** Only a page of where the room stands says what is open there. */
  #see({ head: at, open, openJobs }: Page): void {
    const head = this.#head;
    const isNow = head !== undefined && head.epoch === at.epoch && head.seq === at.seq;
    this.#deps.observer.see(this.#audience, isNow ? open : [], isNow && open.length >= openJobs);
  }

  #flush(): void {
    const postponed = this.#pending;
    this.#pending = [];
    for (const entry of postponed) this.handle(entry);
    if (this.#isStale) this.catchUp();
  }

  isBehind(other: Cursor): boolean {
    const head = this.#head;
    return head !== undefined && (head.epoch !== other.epoch || head.seq < other.seq);
  }

  open(page: Page): void {
    if (this.#head !== undefined) return this.#see(page);
    this.#head = page.head;
    this.#coveredTo = page.tailId;
    this.#see(page);
    return this.#flush();
  }

  pageAt({ cursor, maxOpenJobs = 0, jobId }: PageRequest): Page | undefined {
    const head = this.#head;
    if (head === undefined || this.#isReading || this.#isStale) return undefined;
    if (maxOpenJobs > 0 || jobId !== undefined) return undefined;
    if (isGiven(cursor) && cursor !== formatCursor(head)) return undefined;
    const status = isGiven(cursor) ? "ok" : "none";
    const nothing = { facts: [], openJobs: 0, open: [], job: undefined };
    return { head, status, tailId: this.#coveredTo, ...nothing };
  }

  async review(count: number): Promise<void> {
    const page = await this.#deps.reader.page({ audience: this.#audience, maxOpenJobs: count });
    if (!this.#isClosed) this.#see(page);
  }

  show(gauge: OwnGauge): void {
    this.#letThrough({ kind: "gauge", audience: this.#audience, tailId: undefined, ...gauge });
  }

  overhear(listener: Listener): void {
    this.#members.add(listener);
  }

  enter(listener: Listener, place: Place): void {
    const isCovered = compareStreamIds(this.#coveredTo, place.tailId) >= 0;
    if (isCovered && isPast(this.#head, place)) this.#members.add(listener);
    else this.#members.addAhead(listener, place);
  }

  leave(listener: Listener): void {
    this.#members.remove(listener);
    if (this.isEmpty) this.#deps.onEmpty(this.#audience, this);
  }

  get isEmpty(): boolean {
    return this.#members.isEmpty;
  }

  close(): void {
    this.#isClosed = true;
    this.#gate?.clear();
  }
}

export const createRoom = (audience: Audience, deps: RoomDeps): Room =>
  new FeedRoom(audience, deps);

const toGaugeItem = (audience: Audience, { event, jobId, data, id }: TailEntry): Gauge => ({
  kind: "gauge",
  audience,
  event,
  jobId,
  data,
  tailId: id,
});
