import type { Sound } from "./decode.ts";
import { SAMPLE_RATE } from "./limits.ts";
import { runProgram } from "./program.ts";

/** A part of a recording, in seconds. */
export interface Span {
  start: number;
  end: number;
}

/** What is so far below the loudest sample is a pause: what counts as silent depends on how loud a recording is. */
const BELOW_PEAK_DB = 30;
const LEAST_PAUSE_SECONDS = 0.25;

/** The pauses in what is said, in order. */
export async function findSilences(sound: Sound, signal: AbortSignal): Promise<Span[]> {
  const silences: Span[] = [];
  let start: number | undefined;
  const onLine = (line: string) => {
    const [, edge, seconds] = /^lavfi\.silence_(start|end)=(-?[\d.]+)$/.exec(line) ?? [];
    if (edge === "start") start = Math.max(0, Number(seconds));
    if (edge !== "end" || start === undefined) return;
    silences.push({ start, end: Number(seconds) });
    start = undefined;
  };
  const noise = sound.peakDb - BELOW_PEAK_DB;
  const filter = `silencedetect=noise=${noise}dB:d=${LEAST_PAUSE_SECONDS},ametadata=mode=print:file=-`;
  const source = [
    "-f",
    "s16le",
    "-ar",
    String(SAMPLE_RATE),
    "-ac",
    "1",
    "-i",
    `file:${sound.path}`,
  ];
  const args = ["-v", "error", "-nostdin", ...source, "-af", filter, "-f", "null", "-"];
  await runProgram("ffmpeg", args, { signal, onLine });
  if (start !== undefined) silences.push({ start, end: sound.seconds });
  return silences;
}
