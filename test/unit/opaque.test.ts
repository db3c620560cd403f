import { describe, expect, test } from "vitest";
import { toOpaque, toStanding } from "../../src/gateway/realtime/opaque.ts";

const own = "user:42";
const group = "group:a";

describe("one cursor for all feeds", () => {
  test("says of each feed where it stands, and nothing of others", () => {
    const standing = toStanding({ cursor: toOpaque({ [own]: "a.b-1", all: "a.b-2" }) });
    expect(standing?.cursorOf(own)).toBe("a.b-1");
    expect(standing?.cursorOf("all")).toBe("a.b-2");
    expect(standing?.cursorOf(group)).toBeUndefined();
    expect(standing?.cursors).toEqual({ [own]: "a.b-1", all: "a.b-2" });
  });

  test("tells what else the client was shown apart from feeds", () => {
    const shown = { at: "2026-01-01T00:00:00.000Z", "job:7": "2026-01-02T00:00:00.000Z" };
    const standing = toStanding({ cursor: toOpaque({ [own]: "a.b-1" }, shown) });
    expect(standing).toMatchObject({ shown, cursors: { [own]: "a.b-1" } });
  });

  test("that cannot be read is one that no feed gave out", () => {
    for (const cursor of ["!", "bnVsbA", "W10", Buffer.from("7").toString("base64url")]) {
      expect(toStanding({ cursor })?.cursorOf(own)).toBe(cursor);
      expect(toStanding({ cursor })?.cursors).toEqual({});
    }
    expect(toStanding({ cursors: "{" })?.cursorOf(own)).toBe("{");
  });

  test("of somebody else is none for one's own feed", () => {
    const cursor = toOpaque({ "user:7": "a.b-1", all: "a.b-2" });
    expect(toStanding({ cursor })?.cursorOf(own)).toBe(cursor);
    expect(toStanding({ cursor })?.cursorOf(group)).toBeUndefined();
  });

  test("is not given when it is empty; a map without a feed says nothing of it", () => {
    expect(toStanding({ cursor: "" })).toBeUndefined();
    expect(toStanding({})).toBeUndefined();
    expect(toStanding({ cursors: "{}" })?.cursorOf(own)).toBeUndefined();
    expect(toStanding({ cursors: '{"user:42":null}' })?.cursorOf(own)).toBeUndefined();
  });

  test("may be given as the map itself", () => {
    const standing = toStanding({ cursors: { [own]: "a.b-1", all: null } });
    expect(standing?.cursorOf(own)).toBe("a.b-1");
    expect(standing?.cursorOf("all")).toBeUndefined();
  });

  test("takes no feed from what every object has", () => {
    expect(toStanding({ cursors: '{"__proto__":{"user:42":"x"}}' })?.cursorOf(own)).toBeUndefined();
  });
});
