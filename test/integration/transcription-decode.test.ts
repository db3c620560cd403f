import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { decode } from "../../workers/transcription/decode.ts";
import { openMedia } from "../../workers/transcription/media.ts";
import { test } from "../support/folder.ts";
import { silence } from "../support/speech.ts";

const signal = new AbortController().signal;

describe("decoding", () => {
  test("stops a second after what is allowed, whatever the header says of the length", async ({
    folder,
  }) => {
    const path = join(folder, "call.wav");
    await writeFile(path, await silence(30));
    const media = await openMedia(path, { tempDir: folder, signal });
    expect(media.seconds).toBeCloseTo(30, 1);
    const silent = { ...media, seconds: undefined };
    const options = { tempDir: folder, signal, maxSeconds: 2, onProgress: () => undefined };

    await expect(decode(silent, options)).rejects.toMatchObject({ code: "input_too_large" });
    expect((await stat(join(folder, "sound.raw"))).size).toBe(3 * 32_000);
  });
});
