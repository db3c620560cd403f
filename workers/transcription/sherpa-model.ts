import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { WorkerError } from "../../src/errors.ts";

/** The part of sherpa-onnx's configuration that depends on the model. */
export type ModelConfig = Record<string, string | Record<string, string>>;

/**
 * Knows a model by the files in its folder, as they are published: a transducer has encoder, decoder and joiner, Whisper no joiner, SenseVoice,
 * Paraformer and the CTC models one file and their kind in its name or the folder's. Fails with `engine_unavailable`.
 */
export async function findModel(
  folder: string,
  language: string | undefined,
): Promise<ModelConfig> {
  const names = await readdir(folder).catch((): string[] => []);
  const find = (pattern: RegExp) => {
    const fitting = names.filter((name) => pattern.test(name));
    // Of two precisions the smaller file: that is what runs on a CPU.
    const name = fitting.find((candidate) => candidate.includes("int8")) ?? fitting[0];
    return name === undefined ? undefined : join(folder, name);
  };
  const tokens = find(/tokens\.txt$/);
  const [encoder, decoder] = [find(/encoder.*\.onnx$/), find(/decoder.*\.onnx$/)];
  const joiner = find(/joiner.*\.onnx$/);
  const single = find(/model.*\.onnx$/);
  if (tokens === undefined) throw NO_MODEL();
  if (encoder !== undefined && decoder !== undefined)
    return joiner === undefined
      ? { tokens, whisper: { encoder, decoder, language: language ?? "", task: "transcribe" } }
      : { tokens, transducer: { encoder, decoder, joiner } };
  if (single === undefined) throw NO_MODEL();
  const kind = `${folder}/${single}`.toLowerCase();
  if (kind.includes("sense-voice"))
    return { tokens, senseVoice: { model: single, language: language ?? "" } };
  if (kind.includes("paraformer")) return { tokens, paraformer: { model: single } };
  if (kind.includes("nemo")) return { tokens, nemoCtc: { model: single } };
  return { tokens, zipformerCtc: { model: single } };
}

const NO_MODEL = () =>
  new WorkerError(
    "engine_unavailable",
    "Transcription is off here: its folder holds no model that is known",
  );
