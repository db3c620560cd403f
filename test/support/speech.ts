import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { inFolder } from "./in-folder.ts";

const run = promisify(execFile);

/** Sentences that pocketsphinx understands word for word when flite says them, or nearly so. */
export const SENTENCES = [
  "The quick brown fox jumps over the lazy dog.",
  "She sells fresh bread in the market every morning.",
  "The report was sent to the office on Monday.",
];

/** A WAV of flite's best voice, 16 kHz. */
export async function speak(text = SENTENCES.join(" ")): Promise<Buffer> {
  return inFolder(async (folder) => {
    const path = join(folder, "speech.wav");
    await run("flite", ["-voice", "rms", "-t", text, "-o", path]);
    return readFile(path);
  });
}

/** What ffmpeg makes of a file, or of nothing but its own sources. `args` stand before the name of the target. */
export async function convert(
  source: Buffer | undefined,
  { args, extension }: { args: string[]; extension: string },
): Promise<Buffer> {
  return inFolder(async (folder) => {
    const target = join(folder, `target.${extension}`);
    const input = source === undefined ? [] : ["-i", join(folder, "source")];
    if (source !== undefined) await writeFile(join(folder, "source"), source);
    await run("ffmpeg", ["-v", "error", "-nostdin", ...input, ...args, target]);
    return readFile(target);
  });
}

/** So many seconds of nothing. */
export const silence = (seconds: number): Promise<Buffer> =>
  convert(undefined, {
    args: ["-f", "lavfi", "-i", `anullsrc=r=16000:cl=mono`, "-t", String(seconds)],
    extension: "wav",
  });

/** Recordings one after the other; all 16 kHz WAV. */
export function join16k(...recordings: Buffer[]): Buffer {
  const samples = recordings.map((wav) => wav.subarray(wav.indexOf("data") + 8));
  const body = Buffer.concat(samples);
  const header = Buffer.from((recordings[0] ?? Buffer.alloc(44)).subarray(0, 44));
  header.writeUInt32LE(body.length + 36, 4);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(body.length, 40);
  return Buffer.concat([header, body]);
}
