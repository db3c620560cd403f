import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import { isAlive } from "../support/is-alive.ts";
import { convert, join16k, speak } from "../support/speech.ts";
import { leftovers, test, transcriptionTask } from "../support/transcription-jobs.ts";

const run = promisify(execFile);

/** Programs whose arguments name the folder of the test. */
async function programsIn(folder: string, name: string): Promise<number[]> {
  const { stdout } = await run("ps", ["-eo", "pid=,args="]);
  return stdout
    .split("\n")
    .filter((line) => line.includes(folder) && line.trim().split(/\s+/)[1] === name)
    .map((line) => Number(line.trim().split(/\s+/)[0]));
}

describe("cancelling a transcription", () => {
  test.for<[string, () => Promise<Buffer>]>([
    [
      "pocketsphinx_continuous",
      async () => {
        const speech = await speak();
        return join16k(...Array.from({ length: 30 }, () => speech));
      },
    ],
    [
      "ffmpeg",
      async () => {
        const args = ["-f", "lavfi", "-i", "sine=d=10:r=48000", "-ac", "6", "-b:a", "640k"];
        const sound = await convert(undefined, { args, extension: "ac3" });
        return Buffer.concat(Array.from({ length: 340 }, () => sound));
      },
    ],
  ])(
    "in the middle of %s ends it within a second, and nothing is left",
    { timeout: 120_000 },
    async ([program, make], { line, start, submitRecording, folder }) => {
      const recording = await make();
      await start(transcriptionTask);
      const jobId = await submitRecording(recording);
      const programs = await expect
        .poll(() => programsIn(folder, program), { timeout: 60_000, interval: 20 })
        .not.toEqual([])
        .then(() => programsIn(folder, program));
      const since = Date.now();
      await line.cancel(jobId);

      await expect
        .poll(() => programs.some(isAlive), { timeout: 20_000, interval: 20 })
        .toBe(false);
      expect(Date.now() - since).toBeLessThan(1000);
      expect((await line.outcome(jobId, "transcription")).failure).toMatchObject({
        code: "cancelled",
      });
      expect(programs).toHaveLength(1);
      expect(await programsIn(folder, program)).toEqual([]);
      expect(leftovers(await line.files())).toEqual([]);
    },
  );
});
