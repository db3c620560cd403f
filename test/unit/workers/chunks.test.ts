import { describe, expect, test } from "vitest";
import { cutAtSilences } from "../../../workers/transcription/chunks.ts";

const LENGTH = { minSeconds: 30, maxSeconds: 60 };

describe("cutting a recording", () => {
  test("leaves a short one whole", () => {
    expect(cutAtSilences(60, [], LENGTH)).toEqual([{ start: 0, end: 60 }]);
  });

  test("cuts in the middle of the longest pause in reach", () => {
    const silences = [
      { start: 10, end: 20 },
      { start: 40, end: 41 },
      { start: 50, end: 50.5 },
    ];
    expect(cutAtSilences(80, silences, LENGTH)).toEqual([
      { start: 0, end: 40.5 },
      { start: 40.5, end: 80 },
    ]);
  });

  test("cuts at the greatest length where nobody pauses", () => {
    expect(cutAtSilences(150, [], LENGTH).map(({ end }) => end)).toEqual([60, 120, 150]);
  });

  test("leaves out what is silent from end to end", () => {
    expect(cutAtSilences(200, [{ start: 50, end: 200 }], LENGTH)).toEqual([{ start: 0, end: 60 }]);
  });
});
