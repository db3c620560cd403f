import { WorkerError } from "../../src/errors.ts";
import { cutAtSilences, readSamples } from "./chunks.ts";
import type { Engine, EngineRequest, Segment } from "./engine.ts";
import { toText } from "./files.ts";
import { toLanguageCode } from "./language.ts";
import { MAX_SECONDS } from "./limits.ts";
import { findSilences } from "./silences.ts";
import { findModel } from "./sherpa-model.ts";
import { loadRecognizer } from "./sherpa-recognizer.ts";

/** Whisper's models hear 30 seconds at a time. */
const LENGTH = { minSeconds: 15, maxSeconds: 28 };

/** A model in this process, by the package `sherpa-onnx-node`, which is installed by whoever wants it. */
export function createSherpaEngine(folder: string): Engine {
  return {
    maxSeconds: MAX_SECONDS,
    async transcribe(request) {
      const model = await findModel(folder, request.language);
      try {
        const recognizer = await loadRecognizer(model);
        return await transcribeWith(recognizer, request);
      } catch (thrown) {
        if (thrown instanceof WorkerError || request.signal.aborted) throw thrown;
        request.log.error({ err: thrown }, "sherpa-onnx");
        const message = "Transcription is off here: the model cannot be used";
        throw new WorkerError("engine_unavailable", message, { cause: thrown });
      }
    },
  };
}

async function transcribeWith(
  recognizer: Awaited<ReturnType<typeof loadRecognizer>>,
  { sound, language, signal, onProgress }: EngineRequest,
) {
  const segments: Segment[] = [];
  let heardLanguage: string | undefined;
  for (const { start, end } of cutAtSilences(
    sound.seconds,
    await findSilences(sound, signal),
    LENGTH,
  )) {
    const samples = toFloats(await readSamples(sound, { start, end }));
    const heard = await recognizer.recognize(samples);
    signal.throwIfAborted();
    heardLanguage ??= heard.language;
    const text = heard.text.trim();
    if (text !== "") segments.push({ start, end, text });
    onProgress(end, toText(segments));
  }
  return { language: toLanguageCode(heardLanguage ?? language), segments };
}

/** -1 to 1. */
function toFloats(samples: Buffer): Float32Array {
  const floats = new Float32Array(samples.length / 2);
  for (let i = 0; i < floats.length; i += 1) floats[i] = samples.readInt16LE(2 * i) / 32_768;
  return floats;
}
