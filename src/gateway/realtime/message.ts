import { formatCursor } from "../../contract/cursor.ts";
import type { Audience } from "../../contract/names.ts";
import type { Item } from "../../feeds/item.ts";

/** Where a client stands, by feed. */
export type Cursors = Record<string, string>;

/** What is said to clients. Each transport writes it in its own form; what is the same for all its clients is kept here, made once. */
export interface Message {
  readonly event: string;
  /** JSON object. */
  readonly data: string;
  /** Where a client stands that has heard it; `undefined` for what moves nobody. Made when it is asked for: not every transport wants it. */
  readonly cursors: Cursors | undefined;
  /** As Socket.IO sends it over a WebSocket. */
  frame: Buffer | undefined;
}

/** What a room says. */
class ItemMessage implements Message {
  readonly event: string;
  readonly data: string;
  frame: Buffer | undefined = undefined;
  readonly #item: Item;

  constructor(item: Item) {
    this.#item = item;
    this.event = item.kind === "resync" ? "resync" : item.event;
    this.data = item.kind === "resync" ? toResync(item) : item.data;
  }

  get cursors(): Cursors | undefined {
    const item = this.#item;
    return item.kind === "gauge" ? undefined : { [item.audience]: formatCursor(item.cursor) };
  }
}

/** The message that says what a room says; made once, however many hear it. */
export function messageOf(item: Item): Message {
  if (item.made instanceof ItemMessage) return item.made;
  const message = new ItemMessage(item);
  item.made = message;
  return message;
}

const toResync = ({ audience, cursor, reason }: Item & { kind: "resync" }): string =>
  JSON.stringify({ feed: audience, cursor: formatCursor(cursor), reason });

/** What the gateway says of its own accord. */
export const say = (event: string, data: object, cursors?: Cursors): Message => ({
  event,
  data: JSON.stringify(data),
  cursors,
  frame: undefined,
});

/** A feed was joined that `ready` did not name. */
export const saySubscribed = (feed: Audience, cursor: string): Message =>
  say("subscribed", { feed, cursor }, { [feed]: cursor });
