import { randomUUID } from "node:crypto";
import { buffer } from "node:stream/consumers";
import type { TranscriptionOptions } from "../../src/contract/job-types/transcription.ts";
import { loadTasks } from "../../workers/catalog.ts";
import { type Outcome, test as base, type Wanted } from "./workers.ts";

const found = (await loadTasks()).find(({ task }) => task.type === "transcription");
if (found === undefined) throw new Error("There is no task for transcriptions");

/** For `start`. */
export const transcriptionTask = found;

type Sound = Pick<Wanted, "maxAttempts"> & { name?: string; options?: TranscriptionOptions };

/** Transcriptions through the queue, with their files in the store. */
export const test = base
  .extend("submitRecording", ({ line, store }) => {
    return async (
      content: Buffer,
      { name = "call.wav", ...wanted }: Sound = {},
    ): Promise<string> => {
      const { key, bytes } = await store.put(`uploads/${randomUUID()}/${name}`, content);
      const input = { file: { key, name, contentType: "audio/wav", bytes } };
      return line.add({ type: "transcription", input, ...wanted });
    };
  })
  .extend("readFile", ({ store }) => {
    return async (jobId: string, name: string, run = 1): Promise<string> =>
      (await buffer(await store.open(`jobs/${jobId}/${run}/${name}`))).toString();
  });

/** What is left besides what was uploaded and what jobs have as their result. */
export const leftovers = (files: string[]): string[] =>
  files.filter((path) => !path.startsWith("files/uploads/") && !path.startsWith("files/jobs/"));

/** The steps in the order they were told. */
export const stepsOf = ({ progress }: Outcome): string[] => progress.map(({ step }) => step ?? "");
