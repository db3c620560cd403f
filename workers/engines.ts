import type { Config } from "../src/config.ts";

/** A service that speaks OpenAI's HTTP API. */
export interface Endpoint {
  /** Up to and including `/v1`. */
  url: string;
  apiKey?: string | undefined;
  model?: string | undefined;
}

/** What the operator has set up for work that is not done by a library; absent is not set up. */
export interface Engines {
  transcribe?: Endpoint;
  /** Folder with a model for sherpa-onnx. */
  transcribeModelDir?: string;
  analysis?: Endpoint;
}

export function toEngines(config: Config): Engines {
  const { TRANSCRIBE_URL, TRANSCRIBE_MODEL_DIR, ANALYSIS_URL } = config;
  const engines: Engines = {};
  if (TRANSCRIBE_URL !== undefined)
    engines.transcribe = {
      url: TRANSCRIBE_URL,
      apiKey: config.TRANSCRIBE_API_KEY,
      model: config.TRANSCRIBE_MODEL,
    };
  if (TRANSCRIBE_MODEL_DIR !== undefined) engines.transcribeModelDir = TRANSCRIBE_MODEL_DIR;
  if (ANALYSIS_URL !== undefined)
    engines.analysis = {
      url: ANALYSIS_URL,
      apiKey: config.ANALYSIS_API_KEY,
      model: config.ANALYSIS_MODEL,
    };
  return engines;
}

/** A child gets no key that its task has no use for. */
export function enginesOf(type: string, { transcribe, transcribeModelDir, analysis }: Engines) {
  const engines: Engines = {};
  if (type === "transcription" && transcribe !== undefined) engines.transcribe = transcribe;
  if (type === "transcription" && transcribeModelDir !== undefined)
    engines.transcribeModelDir = transcribeModelDir;
  if (type === "analysis" && analysis !== undefined) engines.analysis = analysis;
  return engines;
}
