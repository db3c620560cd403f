import { describe, expect } from "vitest";
import { SENTENCES, speak } from "../support/speech.ts";
import { leftovers, test, transcriptionTask } from "../support/transcription-jobs.ts";

describe("a transcription without any engine set up", () => {
  test(
    "hears what is said, and when, with the text while it grows",
    { timeout: 90_000 },
    async ({ line, start, submitRecording, readFile }) => {
      await start(transcriptionTask);
      const jobId = await submitRecording(await speak(SENTENCES.slice(0, 2).join(" ")));

      const { result, progress } = await line.outcome(jobId, "transcription");

      expect(result).toMatchObject({ language: "en", segments: expect.any(Number) });
      expect(result?.["text"]).toMatch(/quick brown fox .* lazy dog .*fresh bread in the market/);
      expect(result?.["duration"]).toBeGreaterThan(5);
      expect(progress.some(({ partial }) => partial?.text.includes("quick brown fox"))).toBe(true);
      expect(progress.at(-1)).toMatchObject({ percent: 99, step: "saving" });
      expect(await readFile(jobId, "transcript.txt")).toContain("quick brown fox");
      expect(await readFile(jobId, "transcript.srt")).toMatch(
        /^1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n/,
      );
      expect(await readFile(jobId, "transcript.vtt")).toMatch(/^WEBVTT\n\n00:00:0\d\.\d{3} --> /);
      expect(JSON.parse(await readFile(jobId, "transcript.json"))).toMatchObject({
        language: "en",
        text: result?.["text"],
        segments: expect.arrayContaining([
          {
            start: expect.any(Number),
            end: expect.any(Number),
            text: expect.stringContaining("quick"),
          },
        ]),
      });
      expect(leftovers(await line.files())).toEqual([]);
    },
  );
});
