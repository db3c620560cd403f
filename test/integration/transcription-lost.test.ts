import { describe, expect, vi } from "vitest";
import { isAlive } from "../support/is-alive.ts";
import { killChild } from "../support/kill-child.ts";
import { join16k, SENTENCES, silence, speak } from "../support/speech.ts";
import { leftovers, test, transcriptionTask } from "../support/transcription-jobs.ts";

/** The engine tells of an utterance when there was a pause after it. */
async function speakWithPauses(): Promise<Buffer> {
  const pause = await silence(1);
  const spoken = await Promise.all(SENTENCES.map((sentence) => speak(sentence)));
  return join16k(...[...spoken, ...spoken].flatMap((one) => [one, pause]));
}

describe("a transcription whose child is killed", { timeout: 60_000 }, () => {
  test("while the engine listens is done by another, and the engine is gone", async ({
    line,
    start,
    submitRecording,
    readFile,
  }) => {
    await start(transcriptionTask);
    const jobId = await submitRecording(await speakWithPauses());
    await vi.waitFor(
      async () =>
        expect(JSON.stringify(await line.told(jobId, "transcription"))).toContain("quick brown"),
      { timeout: 20_000, interval: 5 },
    );
    const lost = await killChild();
    expect(lost.length).toBeGreaterThan(1);

    const { events, result } = await line.outcome(jobId, "transcription");

    expect(events.filter(({ event }) => event === "active")).toHaveLength(2);
    expect(result?.["text"]).toContain("quick brown fox");
    expect(await readFile(jobId, "transcript.txt", 2)).toContain(SENTENCES[1]?.slice(4, 20));
    await vi.waitFor(() => expect(lost.filter(isAlive)).toEqual([]));
    expect(leftovers(await line.files())).toEqual([]);
  });
});
