import { WorkerError } from "../../src/errors.ts";
import type { Logger } from "../../src/lib/logger.ts";
import type { Engines } from "../engines.ts";
import type { Sound } from "./decode.ts";

/** A stretch of speech; times in seconds from the beginning of the recording. */
export interface Segment {
  start: number;
  end: number;
  text: string;
}

export interface Transcript {
  /** As a code such as `en`, `null` where the engine does not tell. */
  language: string | null;
  segments: Segment[];
}

export interface EngineRequest {
  sound: Sound;
  /** Of two or three letters; `undefined`: to be found out. */
  language: string | undefined;
  tempDir: string;
  signal: AbortSignal;
  log: Logger;
  /** Up to where the sound is done, in seconds, and the text until there, or the newest part of it. */
  onProgress: (seconds: number, text: string) => void;
}

/** Makes text of sound. Fails with a `WorkerError`: `engine_unavailable` when it is not the sound's fault. */
export interface Engine {
  maxSeconds: number;
  transcribe(request: EngineRequest): Promise<Transcript>;
}

/** The service if there is one, else the model, else what Debian has. Loaded when needed: gateways never need one. */
export async function chooseEngine(engines: Engines): Promise<Engine> {
  if (engines.transcribe !== undefined) {
    const { createOpenaiEngine } = await import("./openai-engine.ts");
    return createOpenaiEngine(engines.transcribe);
  }
  if (engines.transcribeModelDir !== undefined) {
    const { createSherpaEngine } = await import("./sherpa-engine.ts");
    return createSherpaEngine(engines.transcribeModelDir);
  }
  const { pocketsphinx } = await import("./pocketsphinx.ts");
  return pocketsphinx;
}

export const ENGLISH_ONLY = "Only English can be transcribed here: no other engine is set up";

/** Fails with `engine_unavailable` for a language that pocketsphinx, the engine of last resort, has no model for. */
export function requireEnglish(language: string | undefined): void {
  if (language !== undefined && primaryOf(language) !== "en")
    throw new WorkerError("engine_unavailable", ENGLISH_ONLY);
}

/** `pt` of `pt-BR`. */
export const primaryOf = (language: string): string =>
  (language.split("-")[0] ?? language).toLowerCase();
