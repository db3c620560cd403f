import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { TranscriptionOptions } from "../../src/contract/job-types/transcription.ts";
import { JobcastError } from "../../src/errors.ts";
import type { JobType } from "../../src/jobs/catalog.ts";
import type { Engines } from "../engines.ts";
import { ENGLISH_ONLY, primaryOf } from "./engine.ts";

export interface TranscriptionSetup {
  engines: Engines;
  /** Where this process's workers find programs; `undefined` when the workers are elsewhere, with programs of their own. */
  workerPath: string | undefined;
}

/** Programs that a transcription starts, with the engine that is left when none is set up. */
const DECODERS = ["ffmpeg", "ffprobe"];
const OFFLINE_ENGINE = "pocketsphinx_continuous";

/** Refuses with `engine_unavailable` what no worker could do. */
export function createTranscriptionCheck({
  engines,
  workerPath,
}: TranscriptionSetup): NonNullable<JobType["check"]> {
  const isOffline = engines.transcribe === undefined && engines.transcribeModelDir === undefined;
  const programs = isOffline ? [...DECODERS, OFFLINE_ENGINE] : DECODERS;
  // Looked for at each submit until they are there: they can be installed meanwhile.
  let missing = workerPath === undefined ? [] : programs;
  return ({ options }) => {
    missing = missing.filter((program) => !isThere(program, workerPath ?? ""));
    if (missing.length > 0)
      throw new JobcastError(
        "engine_unavailable",
        `Transcription is off here: ${missing.join(", ")} not installed`,
      );
    const { language }: TranscriptionOptions = options;
    if (isOffline && language !== undefined && primaryOf(language) !== "en")
      throw new JobcastError("engine_unavailable", ENGLISH_ONLY);
  };
}

function isThere(program: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
