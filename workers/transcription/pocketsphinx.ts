import { WorkerError } from "../../src/errors.ts";
import { type Engine, requireEnglish, type Segment } from "./engine.ts";
import { MAX_OFFLINE_SECONDS } from "./limits.ts";
import { runProgram } from "./program.ts";

/** Debian's pocketsphinx with its English model: needs no network and no key, and is good enough for a demonstration. */
export const pocketsphinx: Engine = {
  maxSeconds: MAX_OFFLINE_SECONDS,
  async transcribe({ sound, language, signal, onProgress }) {
    requireEnglish(language);
    const utterances = collectUtterances(({ end }, text) => onProgress(end, text));
    const args = ["-infile", sound.path, "-time", "yes"];
    const { exitCode } = await runProgram("pocketsphinx_continuous", args, {
      signal,
      onLine: utterances.read,
    });
    if (exitCode !== 0)
      throw new WorkerError("engine_unavailable", "Transcription is off here: the engine failed");
    return { language: "en", segments: utterances.segments() };
  },
};

/** `word start end confidence`: a word in its place. Of words with several pronunciations it also says which, `the(2)`. */
const WORD = /^(\S+?)(?:\(\d+\))? (\d+\.\d+) (\d+\.\d+) \d+\.\d+$/;

/** What a caption holds: an utterance may go on for a minute. */
const MAX_LINE_SECONDS = 6;
const MAX_LINE_CHARACTERS = 84;

/** Cuts an utterance into segments that can be read at a glance. */
function toLines(words: Segment[]): Segment[] {
  const lines: Segment[] = [];
  for (const { start, end, text } of words) {
    const line = lines.at(-1);
    const fits =
      line !== undefined &&
      end - line.start <= MAX_LINE_SECONDS &&
      line.text.length + text.length < MAX_LINE_CHARACTERS;
    if (!fits) lines.push({ start, end, text });
    else lines.splice(-1, 1, { start: line.start, end, text: `${line.text} ${text}` });
  }
  return lines;
}

/** It prints an utterance once its end was heard: the text, then each word with its times, `<s>` and `</s>` around them. */
export function collectUtterances(onSegment: (segment: Segment, text: string) => void) {
  const segments: Segment[] = [];
  let words: Segment[] = [];

  function finish(): void {
    const heard = toLines(words);
    const last = heard.at(-1);
    words = [];
    if (last === undefined) return;
    segments.push(...heard);
    onSegment(last, segments.map(({ text }) => text).join(" "));
  }

  return {
    read(line: string): void {
      const [, text, start, end] = WORD.exec(line) ?? [];
      if (text === undefined) return;
      if (text === "</s>") return finish();
      // Silence and noises.
      if (/^[<[+]/.test(text)) return;
      words.push({ text, start: Number(start), end: Number(end) });
    },
    segments(): Segment[] {
      finish();
      return segments;
    },
  };
}
