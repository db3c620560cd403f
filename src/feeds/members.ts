import type { Cursor } from "../contract/cursor.ts";
import { compareStreamIds } from "../lib/stream-id.ts";
import type { Item, Listener } from "./item.ts";

/** Up to where a listener was told: a fact, and an entry of the tail. */
export interface Place {
  cursor: Cursor;
  tailId: string;
}

/** Whether a room that stands at `head` has said the fact that `place` names. */
export const isPast = (head: Cursor | undefined, { cursor }: Place): boolean =>
  head !== undefined && head.epoch === cursor.epoch && head.seq >= cursor.seq;

/** Those who listen to a room. */
export class Members {
  /** In step with the room. */
  readonly #inStep = new Set<Listener>();
  /** Ahead of the room: they have been told more than the tail has brought here yet. */
  #ahead: Map<Listener, Place> | undefined;

  add(listener: Listener): void {
    this.#leaveAhead(listener);
    this.#inStep.add(listener);
  }

  addAhead(listener: Listener, place: Place): void {
    this.#inStep.delete(listener);
    (this.#ahead ??= new Map()).set(listener, place);
  }

  remove(listener: Listener): void {
    this.#inStep.delete(listener);
    this.#leaveAhead(listener);
  }

  get isEmpty(): boolean {
    return this.#inStep.size === 0 && this.#ahead === undefined;
  }

  /** Has everybody hear what a room that stands at `head` says, if it is news to them. */
  hear(item: Item, head: Cursor | undefined): void {
    if (this.#ahead !== undefined) this.#catchUp(this.#ahead, item, head);
    for (const listener of this.#inStep) listener.hear(item);
  }

  #catchUp(ahead: Map<Listener, Place>, item: Item, head: Cursor | undefined): void {
    for (const [listener, place] of ahead) {
      if (!isNews(item, place, head)) continue;
      // The tail has still to come to where the listener stands.
      if (isOwn(item)) listener.hear(item);
      else this.add(listener);
    }
  }

  #leaveAhead(listener: Listener): void {
    this.#ahead?.delete(listener);
    if (this.#ahead?.size === 0) this.#ahead = undefined;
  }
}

function isNews(item: Item, place: Place, head: Cursor | undefined): boolean {
  const { cursor } = place;
  if (item.kind === "resync")
    return item.cursor.epoch !== cursor.epoch || item.cursor.seq > cursor.seq;
  // Of another epoch: the room has yet to find out, and will say so by a resync.
  if (item.kind === "fact")
    return item.cursor.epoch === cursor.epoch && item.cursor.seq > cursor.seq;
  const isNewer = item.tailId === undefined || compareStreamIds(item.tailId, place.tailId) > 0;
  return isPast(head, place) && isNewer;
}

const isOwn = (item: Item): boolean => item.kind === "gauge" && item.tailId === undefined;
