import type { Endpoint } from "../engines.ts";
import { cutAtSilences, readSamples, toWav } from "./chunks.ts";
import type { Engine, EngineRequest, Segment, Transcript } from "./engine.ts";
import { toText } from "./files.ts";
import { toLanguageCode } from "./language.ts";
import { MAX_SECONDS } from "./limits.ts";
import type { Heard } from "./openai-answer.ts";
import { type ChunkAsker, createChunkAsker } from "./openai-chunk.ts";
import { findSilences, type Span } from "./silences.ts";

/** Long enough to make sense of, short enough to be sent again, and for any service's limit. */
const LENGTH = { minSeconds: 30, maxSeconds: 60 };
const PARALLEL = 4;
/** Of the text that grows only the newest 500 characters are shown, and deltas come by the thousand. */
const SHOWN_CHUNKS = 5;

/** A service with OpenAI's `/audio/transcriptions`, given one chunk after the other, a few at a time. */
export function createOpenaiEngine(endpoint: Endpoint): Engine {
  return {
    maxSeconds: MAX_SECONDS,
    async transcribe(request) {
      const { sound, signal } = request;
      const chunks = cutAtSilences(sound.seconds, await findSilences(sound, signal), LENGTH);
      return transcribeChunks(chunks, createChunkAsker(endpoint), request);
    },
  };
}

async function transcribeChunks(
  chunks: Span[],
  asker: ChunkAsker,
  request: EngineRequest,
): Promise<Transcript> {
  const { sound, language, log } = request;
  const progress = createChunkProgress(chunks, request.onProgress);
  // The chunks under way are given up with the first that fails.
  const failed = new AbortController();
  const signal = AbortSignal.any([request.signal, failed.signal]);
  const heard: Heard[] = [];

  async function transcribeChunk(index: number, chunk: Span): Promise<void> {
    const wav = toWav(await readSamples(sound, chunk));
    const onText = (text: string) => progress.grow(index, text);
    heard[index] = await asker.ask({ wav, language, signal, log, onText });
    progress.finish(index, heard[index].text);
  }

  const [first, ...others] = chunks.entries();
  // Alone: it finds out what the service can do.
  if (first !== undefined) await transcribeChunk(...first);
  const takers = Array.from({ length: PARALLEL }, async () => {
    for (let next = others.shift(); next !== undefined; next = others.shift())
      await transcribeChunk(...next);
  });
  try {
    await Promise.all(takers);
  } catch (thrown) {
    failed.abort();
    await Promise.allSettled(takers);
    throw thrown;
  }
  return {
    language: toLanguageCode(heard.find((chunk) => chunk.language !== undefined)?.language),
    segments: chunks.flatMap((chunk, i) => toSegments(heard[i], chunk)),
  };
}

/** A chunk without times is one segment. */
function toSegments(heard: Heard | undefined, { start, end }: Span): Segment[] {
  if (heard === undefined) return [];
  const segments = heard.segments ?? [{ start: 0, end: end - start, text: heard.text }];
  const clamp = (seconds: number) => Math.min(end, Math.max(start, start + seconds));
  return segments
    .map((segment) => ({
      start: clamp(segment.start),
      end: clamp(Math.max(segment.start, segment.end)),
      text: segment.text.trim(),
    }))
    .filter(({ text }) => text !== "");
}

/** Chunks end in any order: progress is how much is done, the text what is done from the beginning. */
function createChunkProgress(chunks: Span[], tell: EngineRequest["onProgress"]) {
  const texts: string[] = chunks.map(() => "");
  const isDone = chunks.map(() => false);
  const lengthOf = ({ start, end }: Span) => end - start;
  const total = chunks.reduce((sum, chunk) => sum + lengthOf(chunk), 0);
  const skipped = (chunks.at(-1)?.end ?? 0) - total;

  function tellNow(): void {
    const done = chunks.reduce((sum, chunk, i) => sum + (isDone[i] ? lengthOf(chunk) : 0), 0);
    const firstOpen = isDone.indexOf(false);
    const known = firstOpen < 0 ? texts : texts.slice(0, firstOpen + 1);
    const newest = known.slice(-SHOWN_CHUNKS).map((text) => ({ start: 0, end: 0, text }));
    tell(done === 0 ? 0 : done + skipped, toText(newest).trim());
  }

  return {
    grow(index: number, text: string): void {
      texts[index] = text;
      tellNow();
    },
    finish(index: number, text: string): void {
      texts[index] = text;
      isDone[index] = true;
      tellNow();
    },
  };
}
