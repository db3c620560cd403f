import sharp, { type Metadata, type Sharp, type SharpOptions } from "sharp";
import { WorkerError } from "../../src/errors.ts";
import { decodeHeic } from "./heic.ts";
import { hasGifEnd, type PictureKind, readKind } from "./signature.ts";

/** A picture that may be read any number of times, each time from its file. */
export interface Picture {
  /** As it is meant to be seen: turned by its EXIF orientation. */
  width: number;
  height: number;
  format: PictureKind;
  isAnimated: boolean;
  exif: Buffer | undefined;
  /** Its pixels, upright; all frames, or the first. */
  read(frames: "all" | "first"): Sharp;
}

/** What sharp can read. */
export interface Source {
  input: string | Uint8Array;
  options: SharpOptions;
}

/** Decoded, a pixel has four bytes: more would not fit beside the work on it. For animations all frames count. */
const MAX_PIXELS = 100_000_000;

/** Fails with `input_unsupported`, `input_too_large` or `input_corrupt`. */
export async function openPicture(path: string): Promise<Picture> {
  const format = await readKind(path);
  if (format === undefined)
    throw new WorkerError("input_unsupported", "The file is not a picture that can be read");
  if (format === "gif" && !(await hasGifEnd(path)))
    throw new WorkerError("input_corrupt", "The picture is damaged or incomplete");
  // Reads the header alone, so the limit can be left to us, who count all frames.
  const metadata = await sharp(path, { limitInputPixels: false }).metadata();
  const isAnimated = (metadata.pages ?? 1) > 1 && (format === "gif" || format === "webp");
  checkPixels(metadata, isAnimated);
  const { input, options } =
    format === "heic" ? await decodeHeic(path) : { input: path, options: {} };
  const safe: SharpOptions = { ...options, failOn: "error", limitInputPixels: MAX_PIXELS };
  return {
    width: metadata.autoOrient.width,
    height: metadata.autoOrient.height,
    format,
    isAnimated,
    exif: metadata.exif,
    // Frames are stacked while they are worked on, so they cannot be turned; animations carry no orientation.
    read: (frames) =>
      frames === "all" && isAnimated
        ? sharp(input, { ...safe, animated: true })
        : sharp(input, safe).autoOrient(),
  };
}

function checkPixels({ width, height, pages = 1 }: Metadata, isAnimated: boolean): void {
  if (width * height * (isAnimated ? pages : 1) <= MAX_PIXELS) return;
  const millions = MAX_PIXELS / 1_000_000;
  throw new WorkerError(
    "input_too_large",
    `The picture has more than ${millions} million pixels, counting all its frames`,
  );
}
