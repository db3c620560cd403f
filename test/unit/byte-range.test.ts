import { describe, expect, test } from "vitest";
import { parseRange } from "../../src/gateway/http/byte-range.ts";

describe("a range of ten bytes", () => {
  test.for([
    ["bytes=0-3", { start: 0, end: 3 }],
    ["bytes=4-", { start: 4, end: 9 }],
    ["bytes=-4", { start: 6, end: 9 }],
    ["bytes=-40", { start: 0, end: 9 }],
    ["bytes=8-40", { start: 8, end: 9 }],
    ["bytes=9-9", { start: 9, end: 9 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=99999999999999999999-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    [undefined, undefined],
    ["bytes=5-2", undefined],
    ["bytes=-", undefined],
    ["bytes=0-1,4-5", undefined],
    ["lines=0-1", undefined],
    ["bytes=a-b", undefined],
  ] as const)("asked for as %s", ([header, expected]) => {
    expect(parseRange(header, 10)).toEqual(expected);
  });

  test("does not exist in an empty file", () => {
    expect(parseRange("bytes=0-", 0)).toBe("unsatisfiable");
    expect(parseRange("bytes=-1", 0)).toBe("unsatisfiable");
  });
});
