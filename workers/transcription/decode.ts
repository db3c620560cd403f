import { stat } from "node:fs/promises";
import { join } from "node:path";
import { WorkerError } from "../../src/errors.ts";
import { BYTES_PER_SECOND, SAMPLE_RATE } from "./limits.ts";
import { DAMAGED, type Media } from "./media.ts";
import { runProgram } from "./program.ts";

/** Sound as engines take it: a file of samples, 16 kHz, one channel, 16 bit. */
export interface Sound {
  path: string;
  seconds: number;
  /** Of the loudest sample, in dB below the largest one; -91 and less is silence. */
  peakDb: number;
}

export interface DecodeOptions {
  tempDir: string;
  signal: AbortSignal;
  maxSeconds: number;
  /** Called with 0 to 1. */
  onProgress: (part: number) => void;
}

/** How ffmpeg says that a file ends before it should; it decodes what there is, and is content. */
const INCOMPLETE =
  /partial file|ended prematurely|corrupt input packet|filesize and duration do not match|moov atom not found/i;
/** What the header promises beyond this share is missing. Padding and rounding take less. */
const MISSING_PART = 0.1;

/** Decodes the first sound track. Fails with `input_too_large`, or `input_corrupt` for what is damaged or stops early. */
export async function decode(media: Media, options: DecodeOptions): Promise<Sound> {
  const { tempDir, signal, maxSeconds, onProgress } = options;
  if ((media.seconds ?? 0) > maxSeconds) throw tooLong(maxSeconds);
  const path = join(tempDir, "sound.raw");
  const { exitCode, words } = await runProgram("ffmpeg", toArguments(media, path, maxSeconds), {
    signal,
    onLine(line) {
      const microseconds = Number(/^out_time_us=(\d+)$/.exec(line)?.[1]);
      if (microseconds > 0 && media.seconds !== undefined)
        onProgress(Math.min(1, microseconds / 1e6 / media.seconds));
    },
  });
  const seconds = exitCode === 0 ? (await stat(path)).size / BYTES_PER_SECOND : 0;
  if (seconds > maxSeconds) throw tooLong(maxSeconds);
  if (
    seconds === 0 ||
    INCOMPLETE.test(words) ||
    seconds < (media.seconds ?? 0) * (1 - MISSING_PART)
  )
    throw new WorkerError("input_corrupt", DAMAGED);
  return { path, seconds, peakDb: Number(/max_volume: (-?[\d.]+) dB/.exec(words)?.[1] ?? -91) };
}

function toArguments(media: Media, path: string, maxSeconds: number): string[] {
  return [
    ["-hide_banner", "-nostdin", "-nostats", "-y"],
    ["-progress", "pipe:1", "-stats_period", "0.2"],
    media.input,
    ["-map", "0:a:0", "-vn", "-sn", "-dn", "-af", "volumedetect"],
    // One second more shows that there is more: what a header says of the length need not be true.
    ["-t", String(maxSeconds + 1)],
    ["-ar", String(SAMPLE_RATE), "-ac", "1", "-f", "s16le", `file:${path}`],
  ].flat();
}

const tooLong = (maxSeconds: number) =>
  new WorkerError(
    "input_too_large",
    `The recording is longer than ${Math.floor(maxSeconds / 60)} minutes`,
  );
