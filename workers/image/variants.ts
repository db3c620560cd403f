import type { Sharp } from "sharp";
import { IMAGE_FORMATS, type ImageVariant } from "../../src/contract/job-types/image.ts";
import type { Picture } from "./picture.ts";

type Format = (typeof IMAGE_FORMATS)[number];

export interface Rendered {
  /** Encodes while it is read. Metadata of the original is not carried over. */
  content: Sharp;
  contentType: string;
  extension: string;
}

export function renderVariant(
  picture: Picture,
  variant: ImageVariant,
  mayEnlarge: boolean,
): Rendered {
  const format = variant.format ?? toFormat(picture.format);
  const source = picture.read(format === "gif" || format === "webp" ? "all" : "first");
  const { width, height, fit = "inside", quality } = variant;
  const resized =
    width === undefined && height === undefined
      ? source
      : source.resize({ width, height, fit, withoutEnlargement: !mayEnlarge });
  // A JPEG has no transparency: white is what a page shows behind it.
  const opaque = format === "jpeg" ? resized.flatten({ background: "#ffffff" }) : resized;
  return {
    content: opaque.toFormat(format, quality === undefined ? {} : { quality }),
    contentType: `image/${format}`,
    extension: format === "jpeg" ? "jpg" : format,
  };
}

const toFormat = (format: string): Format =>
  IMAGE_FORMATS.find((known) => known === format) ?? "webp";
