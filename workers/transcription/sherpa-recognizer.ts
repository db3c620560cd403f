import Type from "typebox";
import { Compile } from "typebox/compile";
import { WorkerError } from "../../src/errors.ts";
import { SAMPLE_RATE } from "./limits.ts";
import type { ModelConfig } from "./sherpa-model.ts";

export interface Recognizer {
  recognize(samples: Float32Array): Promise<{ text: string; language?: string }>;
}

/** What is used of the library. It has no types of its own. */
interface Stream {
  acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void;
}
interface OfflineRecognizer {
  createStream(): Stream;
  decodeAsync(stream: Stream): Promise<unknown>;
}
interface Library {
  OfflineRecognizer: { createAsync(config: object): Promise<OfflineRecognizer> };
}

const Result = Type.Object({ text: Type.String(), lang: Type.Optional(Type.String()) });
const isResult = Compile(Result);

/** Not named in an import: who does not want it does not install it. */
const PACKAGE = "sherpa-onnx-node";
const THREADS = 2;

/** Fails with `engine_unavailable` where the package is not installed. */
export async function loadRecognizer(model: ModelConfig): Promise<Recognizer> {
  const { OfflineRecognizer } = await loadLibrary();
  const recognizer = await OfflineRecognizer.createAsync({
    featConfig: { sampleRate: SAMPLE_RATE, featureDim: 80 },
    modelConfig: { ...model, numThreads: THREADS, provider: "cpu", debug: 0 },
  });
  return {
    async recognize(samples) {
      const stream = recognizer.createStream();
      stream.acceptWaveform({ samples, sampleRate: SAMPLE_RATE });
      const result = await recognizer.decodeAsync(stream);
      if (!isResult.Check(result)) throw new Error("The library answered something else");
      const { text, lang } = result;
      // SenseVoice writes `<|en|>`.
      const language = lang?.replaceAll(/[<|>]/g, "");
      return language === undefined || language === "" ? { text } : { text, language };
    },
  };
}

async function loadLibrary(): Promise<Library> {
  try {
    const loaded: { default?: Library } & Library = await import(PACKAGE);
    return loaded.default ?? loaded;
  } catch (cause) {
    const message = `Transcription is off here: ${PACKAGE} is not installed`;
    throw new WorkerError("engine_unavailable", message, { cause });
  }
}
