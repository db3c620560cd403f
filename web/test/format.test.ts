import { describe, expect, test } from "vitest";
import { formatBytes, formatRate } from "../src/format/bytes.ts";
import { formatDuration, formatTimeLeft } from "../src/format/duration.ts";
import { plural } from "../src/format/plural.ts";
import { formatAgo, formatDay } from "../src/format/time.ts";

describe("what people read", () => {
  test.for([
    [0, "0 B"],
    [-1, "0 B"],
    [820, "820 B"],
    [999, "999 B"],
    [4100, "4.1 KB"],
    [9949, "9.9 KB"],
    [9950, "10 KB"],
    [999_499, "999 KB"],
    [999_500, "1.0 MB"],
    [1.9e9, "1.9 GB"],
    [5e15, "5000 TB"],
  ] as const)("of %d bytes is %s", ([bytes, text]) => {
    expect(formatBytes(bytes)).toBe(text);
    expect(formatRate(bytes)).toBe(`${text}/s`);
  });

  test.for([
    [0, "0.1 s"],
    [0.94, "0.9 s"],
    [0.96, "1 s"],
    [59.4, "59 s"],
    [60, "1 min"],
    [200, "3 min 20 s"],
    [7500, "2 h 5 min"],
    [273_600, "3 d 4 h"],
  ] as const)("of %d seconds is %s", ([seconds, text]) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  test.for([
    [1, "a few seconds left"],
    [31, "about 35 s left"],
    [200, "about 3 min left"],
    [7000, "about 2 h left"],
  ] as const)("of %d seconds that are guessed is %s", ([seconds, text]) => {
    expect(formatTimeLeft(seconds)).toBe(text);
  });

  test("of a time is short while it is near, and a clock's later", () => {
    const now = new Date(2026, 10, 22, 15, 0, 0);
    const before = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
    const shown = [-3, 2, 59, 60, 3599, 3 * 3600].map((seconds) =>
      formatAgo(before(seconds), now.getTime()),
    );
    expect(shown).toEqual(["now", "now", "59 s ago", "1 min ago", "59 min ago", "3 h ago"]);
    expect(formatAgo(before(16 * 3600), now.getTime())).toBe("23:00");
  });

  test("of a day is its distance, its date, or its date with the year", () => {
    const now = new Date(2026, 0, 1, 0, 30);
    const days = [new Date(2026, 0, 1), new Date(2025, 11, 31, 23, 59), new Date(2025, 5, 3)];
    expect(days.map((day) => formatDay(day, now))).toEqual(["Today", "Yesterday", "3 June 2025"]);
  });

  test("of one is not of many", () => {
    expect([plural(1, "file"), plural(3, "file"), plural(1200, "file")]).toEqual([
      "1 file",
      "3 files",
      "1,200 files",
    ]);
  });
});
