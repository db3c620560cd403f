import { type Cursor, formatCursor } from "../../../src/contract/cursor.ts";
import type { Found } from "./breach.ts";
import { type Heard, isFact } from "./heard.ts";

/** Facts of a feed as its log holds them, of its present epoch. */
export interface FeedFacts {
  feed: string;
  head: Cursor;
  /** `<event> <job>` by number. */
  facts: ReadonlyMap<number, string>;
}

/** How a device stands in its feed, from one round to the next. */
export interface Place {
  /** Up to where it has heard; before its first `ready` it stands nowhere. */
  cursor: Cursor | undefined;
  /** Numbers that were passed over, and may still come. */
  missing: Set<number>;
}

export const startPlace = (): Place => ({ cursor: undefined, missing: new Set() });

export interface PlaceOptions {
  place: Place;
  heard: readonly Heard[];
  truth: FeedFacts;
  mayResync: boolean;
}

/** I1: the facts of the feed, each once, in order, without a hole, up to its head. Moves the place on. */
export function followFacts({ place, heard, truth, mayResync }: PlaceOptions): Found[] {
  const found: Found[] = [];
  for (const one of heard) {
    if (one.event === "ready") found.push(...hearReady(place, one.stands?.[truth.feed]));
    if (one.feed !== truth.feed || one.cursor === undefined) continue;
    if (one.event === "resync") found.push(...hearResync(place, one.cursor, mayResync));
    else if (isFact(one)) found.push(...hearFact(place, one, one.cursor, truth));
  }
  found.push(...atTheEnd(place, truth));
  return found;
}

/** What comes before `ready` is the replay, and `ready` stands where that ended. */
function hearReady(place: Place, stand: Cursor | undefined): Found[] {
  const { cursor } = place;
  if (stand === undefined) return [breach("ready", "ready without a cursor for the feed")];
  if (cursor === undefined) {
    place.cursor = stand;
    return [];
  }
  if (formatCursor(stand) === formatCursor(cursor)) return [];
  const detail = `heard up to ${formatCursor(cursor)}, and ready at ${formatCursor(stand)}`;
  const isAhead = stand.epoch === cursor.epoch && stand.seq > cursor.seq;
  if (isAhead) passOver(place, cursor.seq + 1, stand.seq);
  return [breach("ready", detail)];
}

function hearResync(place: Place, cursor: Cursor, mayResync: boolean): Found[] {
  place.cursor = cursor;
  place.missing.clear();
  return mayResync ? [] : [breach("resync", "though nothing was lost")];
}

function hearFact(place: Place, one: Heard, cursor: Cursor, truth: FeedFacts): Found[] {
  const { epoch, seq } = cursor;
  const last = place.cursor ?? { epoch, seq: 0 };
  if (epoch !== last.epoch) {
    place.cursor = cursor;
    place.missing.clear();
    return [breach("differs", `epoch ${epoch} after ${last.epoch} without a resync`)];
  }
  const found: Found[] = [];
  if (place.missing.delete(seq)) found.push(breach("reordered", `fact ${seq} after ${last.seq}`));
  else if (seq <= last.seq) found.push(breach("double", `fact ${seq} once more, at ${last.seq}`));
  if (seq > last.seq) {
    passOver(place, last.seq + 1, seq - 1);
    place.cursor = cursor;
  }
  const stored = epoch === truth.head.epoch ? truth.facts.get(seq) : undefined;
  const said = `${one.event} ${one.jobId}`;
  if (stored !== undefined && stored !== said)
    found.push(breach("differs", `fact ${seq} was heard as ${said} and is stored as ${stored}`));
  return found;
}

/** Each number once: what is missing is no breach again in the next round. */
function atTheEnd(place: Place, { head }: FeedFacts): Found[] {
  const { cursor } = place;
  if (cursor !== undefined && cursor.epoch !== head.epoch)
    return [breach("differs", `stands at epoch ${cursor.epoch}, the feed at ${head.epoch}`)];
  passOver(place, (cursor?.seq ?? 0) + 1, head.seq);
  const holes = Array.from(place.missing, (seq) => breach("hole", `fact ${seq}`));
  place.missing.clear();
  place.cursor = head;
  return holes;
}

function passOver(place: Place, from: number, to: number): void {
  for (let seq = from; seq <= to; seq += 1) place.missing.add(seq);
}

const breach = (kind: Found["kind"], detail: string): Found => ({ invariant: "I1", kind, detail });
