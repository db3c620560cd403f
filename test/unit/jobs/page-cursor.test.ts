import { describe, expect, test } from "vitest";
import { comparePositions, fromPageCursor, toPageCursor } from "../../../src/jobs/page-cursor.ts";

const position = (time: number, jobId: string) => ({ createdAt: new Date(time), jobId });

describe("a page's cursor", () => {
  test("is read back as it was given out", () => {
    const place = position(1_700_000_000_123, "0f0e-ä");
    expect(fromPageCursor(toPageCursor(place))).toEqual(place);
  });

  test.for([
    "",
    "x",
    "MTIz",
    Buffer.from("-5 job").toString("base64url"),
    "\u0000",
    "=".repeat(200),
  ])("that no list gave out is invalid: %j", (cursor) => {
    expect(() => fromPageCursor(cursor)).toThrow(expect.objectContaining({ code: "invalid" }));
  });

  test("orders jobs newest first, and those of one moment by id, backwards", () => {
    const places = [position(1, "a"), position(2, "B"), position(2, "a"), position(3, "a")];
    const sorted = places
      .toSorted(comparePositions)
      .map(({ createdAt, jobId }) => `${+createdAt}${jobId}`);
    expect(sorted).toEqual(["3a", "2a", "2B", "1a"]);
  });
});
