import { type Audience, isAudience } from "../../contract/names.ts";
import type { Cursors } from "./message.ts";

/** When the newest state of jobs was made that a client was shown: of one by its topic, of all its own by `OWN`. ISO 8601. */
export type Shown = Record<string, string>;
export const OWN = "at";

/** One string for all feeds, for clients that keep only one. `shown` is for those who are not connected between two questions. */
export const toOpaque = (cursors: Cursors, shown?: Shown): string =>
  Buffer.from(JSON.stringify({ ...cursors, ...shown })).toString("base64url");

/** Where a client says that it stands. */
export interface Standing {
  cursorOf: (feed: Audience) => unknown;
  /** As far as it is known; what the client is told moves it on. */
  cursors: Cursors;
  shown: Shown;
}

export const NOWHERE: Standing = { cursorOf: () => undefined, cursors: {}, shown: {} };

export interface GivenPlace {
  cursor?: unknown;
  cursors?: unknown;
}

/** As an address or a header has it: one opaque string, or the map that sockets use, as it is or as JSON. What cannot be read is a cursor that no feed gave out; `undefined` when nothing is given. */
export function toStanding({ cursor, cursors }: GivenPlace): Standing | undefined {
  if (isText(cursors)) return fromMap(parseMap(cursors), cursors);
  if (isMap(cursors)) return fromMap(Object.assign(Object.create(null), cursors), "");
  if (!isText(cursor)) return undefined;
  const standing = fromMap(parseMap(Buffer.from(cursor, "base64url").toString()), cursor);
  // Every one of ours names the feed of the user whose it is: without it, it is somebody else's.
  return { ...standing, cursorOf: (feed) => standing.cursorOf(feed) ?? unlessUsers(feed, cursor) };
}

const isMap = (given: unknown): given is object =>
  typeof given === "object" && given !== null && !Array.isArray(given);

const isText = (given: unknown): given is string => typeof given === "string" && given !== "";

const unlessUsers = (feed: Audience, cursor: string): string | undefined =>
  feed.startsWith("user:") ? cursor : undefined;

function fromMap(map: Record<string, unknown> | undefined, given: string): Standing {
  if (map === undefined) return { ...NOWHERE, cursorOf: () => given };
  const texts = Object.entries(map).filter((entry): entry is [string, string] => isText(entry[1]));
  return {
    cursorOf: (feed) => map[feed] ?? undefined,
    cursors: Object.fromEntries(texts.filter(([name]) => isAudience(name))),
    shown: Object.fromEntries(texts.filter(([name]) => !isAudience(name))),
  };
}

function parseMap(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? Object.assign(Object.create(null), value) : undefined;
  } catch {
    return undefined;
  }
}
