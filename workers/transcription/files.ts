import type { TranscriptFormat } from "../../src/contract/job-types/transcription.ts";
import type { Segment } from "./engine.ts";

export interface Document {
  language: string | null;
  /** Seconds. */
  duration: number;
  segments: Segment[];
}

/** What a file of each format holds. */
export const render: Record<TranscriptFormat, (document: Document) => string> = {
  txt: ({ segments }) => segments.map(({ text }) => `${text}\n`).join(""),
  srt: ({ segments }) =>
    segments
      .map(
        ({ start, end, text }, i) =>
          `${i + 1}\n${clock(start, ",")} --> ${clock(end, ",")}\n${toCue(text)}\n`,
      )
      .join("\n"),
  vtt: ({ segments }) =>
    [
      "WEBVTT\n",
      ...segments.map(
        ({ start, end, text }) =>
          `${clock(start, ".")} --> ${clock(end, ".")}\n${escapeCue(toCue(text))}\n`,
      ),
    ].join("\n"),
  json: ({ language, duration, segments }) =>
    `${JSON.stringify({ language, duration, text: toText(segments), segments }, undefined, 2)}\n`,
};

export const toText = (segments: Segment[]): string => segments.map(({ text }) => text).join(" ");

/** An empty line would end the cue, and an arrow begin another. */
const toCue = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll("-->", "→").trim();

const escapeCue = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** `01:02:03,450`. */
function clock(seconds: number, point: "," | "."): string {
  const ms = Math.round(seconds * 1000);
  const pad = (value: number, digits = 2) => String(Math.floor(value)).padStart(digits, "0");
  const [h, m, s] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60];
  return `${pad(h)}:${pad(m)}:${pad(s)}${point}${pad(ms % 1000, 3)}`;
}
