import { open, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import Type from "typebox";
import { Compile } from "typebox/compile";
import { WorkerError } from "../../src/errors.ts";
import { runProgram } from "./program.ts";
import { isProtected } from "./protection.ts";

/** A recording that can be decoded, as far as its header says. */
export interface Media {
  /** What ffmpeg is given before anything else. */
  input: string[];
  /** As the container has it; `undefined` where it does not say. */
  seconds: number | undefined;
}

/**
 * Containers of sound and video, and nothing else: ffmpeg would also follow playlists, which name files of ours and addresses of the
 * inner network.
 */
const FORMATS =
  "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,wav,w64,flac,ogg,aac,ac3,eac3,aiff,amr,amrnb,amrwb,asf,avi,flv,mpeg,mpegts,caf,au,wv,ape,tta,dts,mpc,mpc8,gsm,spx,voc,rm,dv,nut,mxf";
const GUARDS = [
  ["-protocol_whitelist", "file"],
  ["-format_whitelist", FORMATS],
  // A header of a few bytes can ask for any amount of memory.
  ["-max_alloc", String(512 * 1024 ** 2)],
].flat();

/** How files begin that were meant to be a recording. */
const KNOWN_BEGINNING =
  /^(RIFF|OggS|fLaC|ID3|FORM|FLV|caff|#!AMR|.E\xdf\xa3|.{4}ftyp|\xff[\xe2-\xff])/s;

const UNSUPPORTED = "The file is no recording that can be read";
export const DAMAGED = "The recording is damaged or incomplete";
const PROTECTED = "The recording is protected against copying (DRM) and cannot be decoded";

const Probe = Type.Object({
  streams: Type.Array(Type.Object({ codec_type: Type.Optional(Type.String()) })),
  format: Type.Object({ duration: Type.Optional(Type.String()) }),
});
const isProbe = Compile(Probe);

/** Fails with `input_corrupt`, `input_unsupported` or `input_encrypted`. */
export async function openMedia(
  path: string,
  { tempDir, signal }: { tempDir: string; signal: AbortSignal },
): Promise<Media> {
  if ((await stat(path)).size === 0) throw new WorkerError("input_corrupt", "The file is empty");
  if (await isProtected(path)) throw new WorkerError("input_encrypted", PROTECTED);
  // Under a name without an extension, which ffmpeg would believe more than the content.
  const alias = join(tempDir, "recording");
  await symlink(path, alias);
  const input = [...GUARDS, "-i", `file:${alias}`];
  const probe = await readProbe(input, path, signal);
  if (!probe.streams.some(({ codec_type: kind }) => kind === "audio"))
    throw new WorkerError("input_unsupported", "The file has no sound");
  const seconds = Number(probe.format.duration);
  return { input, seconds: seconds > 0 ? seconds : undefined };
}

async function readProbe(input: string[], path: string, signal: AbortSignal) {
  const lines: string[] = [];
  const what = ["-show_entries", "format=duration:stream=codec_type", "-of", "json"];
  const { exitCode, words } = await runProgram("ffprobe", ["-v", "warning", ...what, ...input], {
    signal,
    onLine: (line) => lines.push(line),
  });
  if (/DRM protected/i.test(words)) throw new WorkerError("input_encrypted", PROTECTED);
  if (exitCode !== 0) throw await toUnreadable(path);
  const probe: unknown = JSON.parse(lines.join("\n"));
  if (!isProbe.Check(probe)) throw new WorkerError("input_unsupported", UNSUPPORTED);
  return probe;
}

async function toUnreadable(path: string): Promise<WorkerError> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return KNOWN_BEGINNING.test(buffer.toString("latin1", 0, bytesRead))
      ? new WorkerError("input_corrupt", DAMAGED)
      : new WorkerError("input_unsupported", UNSUPPORTED);
  } finally {
    await file.close();
  }
}
