import type { Audience } from "../../contract/names.ts";
import type { Cursors } from "./message.ts";

/** One string for all feeds, for clients that keep only one. */
export const toOpaque = (cursors: Cursors): string =>
  Buffer.from(JSON.stringify(cursors)).toString("base64url");

/** Where a client says that it stands. */
export interface Standing {
  cursorOf: (feed: Audience) => unknown;
  /** As far as it is known; what the client is told moves it on. */
  cursors: Cursors;
}

export const NOWHERE: Standing = { cursorOf: () => undefined, cursors: {} };

/** As an address or a header has it: one opaque string, or the map that sockets use, as JSON. What cannot be read is a cursor that no feed gave out. */
export function toStanding(given: { cursor?: unknown; cursors?: unknown }): Standing {
  const { cursor, cursors } = given;
  if (isText(cursors)) return fromMap(parseMap(cursors), cursors);
  if (!isText(cursor)) return NOWHERE;
  const standing = fromMap(parseMap(Buffer.from(cursor, "base64url").toString()), cursor);
  // Every one of ours names the feed of the user whose it is: without it, it is somebody else's.
  return { ...standing, cursorOf: (feed) => standing.cursorOf(feed) ?? unlessUsers(feed, cursor) };
}

const isText = (given: unknown): given is string => typeof given === "string" && given !== "";

const unlessUsers = (feed: Audience, cursor: string): string | undefined =>
  feed.startsWith("user:") ? cursor : undefined;

function fromMap(map: Record<string, unknown> | undefined, given: string): Standing {
  if (map === undefined) return { cursorOf: () => given, cursors: {} };
  const texts = Object.entries(map).filter((entry): entry is [string, string] => isText(entry[1]));
  return { cursorOf: (feed) => map[feed] ?? undefined, cursors: Object.fromEntries(texts) };
}

function parseMap(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.assign(Object.create(null), value)
      : undefined;
  } catch {
    return undefined;
  }
}
