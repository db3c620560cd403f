import { describe, expect, test } from "vitest";
import { guessKind } from "../src/new-work/guess-kind.ts";
import { FIRST_CHOICES, toOptions } from "../src/new-work/options.ts";
import { parseRanges } from "../src/new-work/ranges.ts";

describe("what is done with a file", () => {
  test.for([
    ["a.jpg", "image/jpeg", "image"],
    ["a.svg", "image/svg+xml", undefined],
    ["a.HEIC", "", "image"],
    ["a.pdf", "application/pdf", "pdf"],
    ["A.PDF", "", "pdf"],
    ["a.mp4", "video/mp4", "transcription"],
    ["a.m4a", "", "transcription"],
    ["a.txt", "text/plain", "analysis"],
    ["a.zip", "application/zip", undefined],
    ["", "", undefined],
  ] as const)("is guessed of %s (%s): %s", ([name, type, kind]) => {
    expect(guessKind({ name, type })).toBe(kind);
  });
});

describe("pages", () => {
  test.for([
    ["1", ["1"]],
    ["1-3, 5; 8 – 10", ["1-3", "5", "8-10"]],
    ["  7 ,7 7 ", ["7"]],
    ["2—4", ["2-4"]],
  ] as const)("%j are %j", ([text, ranges]) => {
    expect(parseRanges(text)).toEqual({ ok: true, ranges });
  });

  test.for(["", " , ", "0", "3-1", "a", "1-", "-2", "1.5", "9999999"])("%j are none", (text) => {
    expect(parseRanges(text)).toMatchObject({ ok: false, problem: expect.any(String) });
  });

  test("end at a hundred ranges", () => {
    const pages = (count: number) => Array.from({ length: count }, (_, i) => i + 1).join(" ");
    expect(parseRanges(pages(100)).ok).toBe(true);
    expect(parseRanges(pages(101)).ok).toBe(false);
  });
});

describe("options", () => {
  test("are good as they are at first, pages of a split aside", () => {
    expect(toOptions("image", FIRST_CHOICES)).toMatchObject({ ok: true });
    expect(toOptions("pdf", FIRST_CHOICES)).toEqual({
      ok: true,
      options: { operation: "extract" },
    });
    expect(toOptions("transcription", FIRST_CHOICES)).toMatchObject({ ok: true });
    expect(toOptions("analysis", FIRST_CHOICES)).toEqual({ ok: true, options: {} });
    const pdf = { ...FIRST_CHOICES.pdf, operation: "split" as const };
    expect(toOptions("pdf", { ...FIRST_CHOICES, pdf })).toMatchObject({ ok: false });
  });

  test("say what is missing or of no use", () => {
    const image = { ...FIRST_CHOICES.image, sizes: [] };
    const transcription = { ...FIRST_CHOICES.transcription, language: "English!" };
    const analysis = { prompt: "", fields: "name, <b>" };
    const choices = { ...FIRST_CHOICES, image, transcription, analysis };
    for (const kind of ["image", "transcription", "analysis"] as const)
      expect(toOptions(kind, choices)).toMatchObject({ ok: false, problem: expect.any(String) });
  });

  test("name each field once", () => {
    const analysis = { prompt: " Who? ", fields: "name; Größe,\nname" };
    expect(toOptions("analysis", { ...FIRST_CHOICES, analysis })).toEqual({
      ok: true,
      options: { fields: ["name", "Größe"], prompt: "Who?" },
    });
  });
});
