import { formatCursor } from "../../contract/cursor.ts";
import type { Audience } from "../../contract/names.ts";
import type { Item } from "../../feeds/item.ts";
import type { Frame } from "./socket-io/frame.ts";

/** Where a client stands, by feed. */
export type Cursors = Record<string, string>;

/** What is said to clients. Each transport writes it in its own form; what is the same for all its clients is kept here, made once. */
export interface Message {
  readonly event: string;
  /** JSON object. */
  readonly data: string;
  /** Where a client stands that has heard it; absent for what moves nobody. */
  readonly cursors?: Cursors;
  /** As Socket.IO sends it. */
  frame?: Frame;
}

const messages = new WeakMap<Item, Message>();

/** The message that says what a room says; made once, however many hear it. */
export function messageOf(item: Item): Message {
  const known = messages.get(item);
  if (known !== undefined) return known;
  const message = toMessage(item);
  messages.set(item, message);
  return message;
}

function toMessage(item: Item): Message {
  if (item.kind === "gauge") return { event: item.event, data: item.data };
  const cursor = formatCursor(item.cursor);
  const cursors = { [item.audience]: cursor };
  if (item.kind === "fact") return { event: item.event, data: item.data, cursors };
  const resync = { feed: item.audience, cursor, reason: item.reason };
  return { event: "resync", data: JSON.stringify(resync), cursors };
}

/** What the gateway says of its own accord. */
export const say = (event: string, data: object, cursors?: Cursors): Message => ({
  event,
  data: JSON.stringify(data),
  ...(cursors === undefined ? {} : { cursors }),
});

/** A feed was joined that `ready` did not name. */
export const saySubscribed = (feed: Audience, cursor: string): Message =>
  say("subscribed", { feed, cursor }, { [feed]: cursor });
