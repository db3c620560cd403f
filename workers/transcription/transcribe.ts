import type { TranscriptionOptions } from "../../src/contract/job-types/transcription.ts";
import { TRANSCRIPT_FORMATS } from "../../src/contract/job-types/transcription.ts";
import type { FileRef, WorkResult } from "../../src/contract/worker.ts";
import type { Work, WorkContext } from "../define-worker.ts";
import { decode, type Sound } from "./decode.ts";
import { chooseEngine, type Engine, primaryOf, type Transcript } from "./engine.ts";
import { type Document, render, toText } from "./files.ts";
import { openMedia } from "./media.ts";

const RESULT_CHARACTERS = 2000;
/** Of a text that grows no more is shown: the rest need not leave the process. */
const SHOWN_CHARACTERS = 500;
/** Decoding is this part of the way, the engine the rest. */
const DECODED_PERCENT = 5;
const DONE_PERCENT = 99;
/** A recording whose loudest sample is below this is silent: engines hear words in noise. */
const SILENCE_DB = -60;

/** Text with times from what is said in a recording or a film. Nothing said: an empty text and no segments. */
export async function transcribe(
  { input, options }: Work<TranscriptionOptions>,
  context: WorkContext,
): Promise<WorkResult> {
  const engine = await chooseEngine(context.engines);
  const sound = await context.withPath(input, (path) => toSound(path, engine, context));
  const language = options.language === undefined ? undefined : primaryOf(options.language);
  const transcript =
    sound.peakDb < SILENCE_DB ? SILENCE : await hear(sound, engine, { language, context });
  const document: Document = {
    language: transcript.language ?? options.language ?? null,
    duration: Math.round(sound.seconds * 1000) / 1000,
    segments: transcript.segments,
  };
  const { duration, segments } = document;
  return {
    language: document.language,
    duration,
    segments: segments.length,
    text: cut(toText(segments)),
    files: await saveFiles(document, options, context),
  };
}

const SILENCE: Transcript = { language: null, segments: [] };

async function toSound(
  path: string,
  { maxSeconds }: Engine,
  { tempDir, signal, progress }: WorkContext,
): Promise<Sound> {
  progress(0, "reading the recording");
  const media = await openMedia(path, { tempDir, signal });
  return decode(media, {
    tempDir,
    signal,
    maxSeconds,
    onProgress: (part) => progress(part * DECODED_PERCENT, "decoding"),
  });
}

async function hear(
  sound: Sound,
  engine: Engine,
  { language, context }: { language: string | undefined; context: WorkContext },
): Promise<Transcript> {
  const { tempDir, signal, log, progress } = context;
  progress(DECODED_PERCENT, "transcribing");
  return engine.transcribe({
    sound,
    language,
    tempDir,
    signal,
    log,
    onProgress(seconds, text) {
      const part = Math.min(1, seconds / sound.seconds);
      const percent = DECODED_PERCENT + part * (DONE_PERCENT - DECODED_PERCENT);
      progress(
        percent,
        `transcribed ${toMinutes(seconds)} of ${toMinutes(sound.seconds)}`,
        text.slice(-SHOWN_CHARACTERS),
      );
    },
  });
}

async function saveFiles(
  document: Document,
  { formats = [...TRANSCRIPT_FORMATS] }: TranscriptionOptions,
  { progress, save }: WorkContext,
): Promise<FileRef[]> {
  progress(DONE_PERCENT, "saving");
  const files: FileRef[] = [];
  for (const format of formats)
    files.push(await save(`transcript.${format}`, Buffer.from(render[format](document))));
  return files;
}

/** `1:05`. */
function toMinutes(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Not in the middle of a character that takes two places. */
const cut = (text: string): string => {
  const short = text.slice(0, RESULT_CHARACTERS);
  return short.isWellFormed() ? short : short.slice(0, -1);
};
