import { stat } from "node:fs/promises";
import sharp from "sharp";
import type { ImageOptions, ImageVariant } from "../../src/contract/job-types/image.ts";
import type { FileRef, WorkResult } from "../../src/contract/worker.ts";
import { WorkerError } from "../../src/errors.ts";
import type { Work, WorkContext } from "../define-worker.ts";
import { toImageError } from "./errors.ts";
import { readExif } from "./exif.ts";
import { type Picture, openPicture } from "./picture.ts";
import { toThumbhash } from "./thumbhash.ts";
import { renderVariant } from "./variants.ts";

/** Never larger than the picture itself, since nobody asked for it. */
const DEFAULT_VARIANTS: ImageVariant[] = [
  { name: "preview", width: 320, height: 320, fit: "inside", format: "webp" },
  { name: "display", width: 1280, height: 1280, fit: "inside", format: "webp" },
  { name: "large", width: 2048, height: 2048, fit: "inside", format: "jpeg" },
];

// Each attempt has a process of its own, and several run side by side.
sharp.cache(false);
sharp.concurrency(2);

/** Reads from a file, never whole into memory; tells progress by the pictures that are done. */
export async function processImage(
  { input, options }: Work<ImageOptions>,
  context: WorkContext,
): Promise<WorkResult> {
  return context.withPath(input, async (path) => {
    if ((await stat(path)).size === 0) throw new WorkerError("input_corrupt", "The file is empty");
    try {
      return await processFile(path, options, context);
    } catch (thrown) {
      throw toImageError(thrown);
    }
  });
}

async function processFile(
  path: string,
  options: ImageOptions,
  context: WorkContext,
): Promise<WorkResult> {
  context.progress(0, "reading");
  const picture = await openPicture(path);
  const { files, thumbhash } = await renderAll(picture, options, context);
  const { width, height, format } = picture;
  return { width, height, format, thumbhash, exif: readExif(picture.exif), files };
}

/** Of such a variant the hash is made in a few milliseconds; decoding a photograph once more takes a quarter of the whole work. */
function showsAll({ isAnimated }: Picture, { width, height, fit, format }: ImageVariant): boolean {
  const sides = [width ?? 0, height ?? 0];
  const isWhole = fit === undefined || fit === "inside";
  return isWhole && !isAnimated && format === "webp" && sides.every((px) => px >= 100 && px <= 640);
}

async function renderAll(
  picture: Picture,
  { variants }: ImageOptions,
  context: WorkContext,
): Promise<{ files: FileRef[]; thumbhash: string }> {
  const wanted = variants ?? DEFAULT_VARIANTS;
  const steps = wanted.length + 1;
  const files: FileRef[] = [];
  let thumbhash: string | undefined;
  for (const [i, variant] of wanted.entries()) {
    context.signal.throwIfAborted();
    context.progress(Math.round((100 * (i + 1)) / (steps + 1)), `resizing ${variant.name}`);
    const mayEnlarge = variants !== undefined;
    const { content, contentType, extension } = renderVariant(picture, variant, mayEnlarge);
    const name = `${variant.name}.${extension}`;
    if (thumbhash === undefined && showsAll(picture, variant)) {
      const bytes = await content.toBuffer();
      files.push(await context.save(name, bytes, contentType));
      thumbhash = await toThumbhash(sharp(bytes));
    } else files.push(await context.save(name, content, contentType));
  }
  context.progress(99, "saving");
  return { files, thumbhash: thumbhash ?? (await toThumbhash(picture.read("first"))) };
}
