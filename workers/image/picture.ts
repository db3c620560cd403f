import { readFile } from "node:fs/promises";
import sharp, { type Metadata, type Sharp, type SharpOptions } from "sharp";
import { WorkerError } from "../../src/errors.ts";
import { decodeHeic } from "./heic.ts";
import { readKind } from "./signature.ts";

/** A picture that may be read any number of times, each time from its file. */
export interface Picture {
  /** As it is meant to be seen: turned by its EXIF orientation. */
  width: number;
  height: number;
  format: string;
  isAnimated: boolean;
  exif: Buffer | undefined;
  /** Its pixels, upright; all frames, or the first. */
  read(frames: "all" | "first"): Sharp;
}

/** Decoded, a pixel has four bytes: more would not fit beside the work on it. For animations all frames count. */
const MAX_PIXELS = 100_000_000;

/** Fails with `input_unsupported`, `input_too_large` or `input_corrupt`. */
export async function openPicture(path: string): Promise<Picture> {
  const kind = await readKind(path);
  if (kind === undefined)
    throw new WorkerError("input_unsupported", "The file is not a picture that can be read");
  if (kind === "heic") return toPicture(await decodeHeic(await readFile(path), MAX_PIXELS), "heic");
  return toPicture({ input: path, options: {} }, kind);
}

export interface Source {
  input: string | Uint8Array;
  options: SharpOptions;
}

async function toPicture({ input, options }: Source, format: string): Promise<Picture> {
  const safe: SharpOptions = { ...options, failOn: "truncated", limitInputPixels: MAX_PIXELS };
  const metadata = await sharp(input, { ...safe, limitInputPixels: false }).metadata();
  const frames = metadata.pages ?? 1;
  checkPixels(metadata, format === "tiff" ? 1 : frames);
  const isAnimated = frames > 1 && (format === "gif" || format === "webp");
  return {
    ...uprightSize(metadata),
    format,
    isAnimated,
    exif: metadata.exif,
    // Frames are stacked while they are worked on, so they cannot be turned; animations carry no orientation.
    read: (wanted) =>
      wanted === "all" && isAnimated
        ? sharp(input, { ...safe, animated: true })
        : sharp(input, safe).autoOrient(),
  };
}

function checkPixels({ width, height, pageHeight }: Metadata, frames: number): void {
  if (width * (pageHeight ?? height) * frames <= MAX_PIXELS) return;
  throw new WorkerError(
    "input_too_large",
    `The picture has more than ${MAX_PIXELS / 1_000_000} million pixels`,
  );
}

function uprightSize({ width, height, pageHeight, orientation = 1 }: Metadata): {
  width: number;
  height: number;
} {
  const size = { width, height: pageHeight ?? height };
  return orientation >= 5 ? { width: size.height, height: size.width } : size;
}
