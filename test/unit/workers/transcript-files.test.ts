import { describe, expect, test } from "vitest";
import { render } from "../../../workers/transcription/files.ts";
import { toLanguageCode } from "../../../workers/transcription/language.ts";
import { collectUtterances } from "../../../workers/transcription/pocketsphinx.ts";
import { toRetryMs } from "../../../workers/openai/retry-after.ts";

const document = {
  language: "en",
  duration: 3725.5,
  segments: [
    { start: 0, end: 1.2345, text: "Hello <b>you</b> & me" },
    { start: 3723.9996, end: 3725, text: "one\n\n2 --> 3" },
  ],
};

describe("the files of a transcript", () => {
  test("number and time their cues, and no text breaks them", () => {
    expect(render.srt(document)).toBe(
      "1\n00:00:00,000 --> 00:00:01,235\nHello <b>you</b> & me\n\n2\n01:02:04,000 --> 01:02:05,000\none 2 → 3\n",
    );
    expect(render.vtt(document)).toBe(
      "WEBVTT\n\n00:00:00.000 --> 00:00:01.235\nHello &lt;b&gt;you&lt;/b&gt; &amp; me\n\n01:02:04.000 --> 01:02:05.000\none 2 → 3\n",
    );
  });

  test("are whole without anything said", () => {
    const silent = { language: null, duration: 1, segments: [] };
    expect([render.txt(silent), render.srt(silent), render.vtt(silent)]).toEqual([
      "",
      "",
      "WEBVTT\n",
    ]);
    expect(JSON.parse(render.json(silent))).toEqual({ ...silent, text: "" });
  });
});

test("an utterance of pocketsphinx is its words, without silences and variants", () => {
  const told: string[] = [];
  const utterances = collectUtterances((_segment, text) => told.push(text));
  const lines = `to(3) the market
<s> 0.000 0.120 0.999900
to(3) 6.360 6.500 0.642717
<sil> 6.500 6.510 0.600854
[NOISE] 6.500 6.510 0.600854
++BREATH++ 6.500 6.510 0.600854
market(2) 7.000 7.400 0.640727
</s> 9.200 9.300 1.000000
<s> 9.400 9.500 0.9
yes 10.000 10.400 1.0`;
  lines.split("\n").forEach(utterances.read);
  expect(told).toEqual(["to market"]);
  expect(utterances.segments()).toEqual([
    { start: 6.36, end: 7.4, text: "to market" },
    { start: 10, end: 10.4, text: "yes" },
  ]);
});

test("a long utterance of pocketsphinx is cut into lines of six seconds", () => {
  const utterances = collectUtterances(() => undefined);
  for (let i = 0; i < 10; i += 1) utterances.read(`w${i} ${i}.000 ${i}.900 0.9`);
  utterances.read("</s> 10.000 10.100 1.0");
  expect(utterances.segments()).toEqual([
    { start: 0, end: 5.9, text: "w0 w1 w2 w3 w4 w5" },
    { start: 6, end: 9.9, text: "w6 w7 w8 w9" },
  ]);
});

test.each([
  ["english", "en"],
  ["German", "de"],
  ["en", "en"],
  ["pt-BR", "pt-br"],
  ["klingonese", null],
  [undefined, null],
])("the language %s is %s", (name, code) => {
  expect(toLanguageCode(name)).toBe(code);
});

test.each([
  ["2", 2000],
  ["0.5", 500],
  ["Thu, 01 Jan 1970 00:00:30 GMT", 20_000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", undefined],
  ["soon", undefined],
  ["-1", undefined],
  ["", undefined],
  [null, undefined],
])("Retry-After: %s is %s ms", (header, ms) => {
  expect(toRetryMs(header, 10_000)).toBe(ms);
});
