import { describe, expect, test } from "vitest";
import { createCursors } from "../src/cursors.ts";

describe("places in feeds", () => {
  test("move on with each fact, and with none that was heard before", () => {
    const cursors = createCursors({ a: "e-9" });
    expect(["e-9", "e-8", "e-10", "e-10"].map((cursor) => cursors.advance("a", cursor))).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect(cursors.advance("b", "e-1")).toBe(true);
    expect(cursors.all()).toEqual({ a: "e-10", b: "e-1" });
  });

  test("are not taken back by a connection that knew less when it began", () => {
    const cursors = createCursors({ a: "e-9" });
    cursors.join({ a: "e-7", b: "e-0" });
    expect(cursors.all()).toEqual({ a: "e-9", b: "e-0" });
    expect(cursors.advance("a", "e-8")).toBe(false);
  });

  test("go where a resync says, and begin anew in a feed that did", () => {
    const cursors = createCursors({ a: "e-9", b: "e-9" });
    cursors.jump("a", "e-3");
    cursors.join({ b: "f-2" });
    expect(cursors.all()).toEqual({ a: "e-3", b: "f-2" });
    expect(cursors.advance("a", "e-4")).toBe(true);
    expect(cursors.advance("b", "f-3")).toBe(true);
  });
});
