import readExifBlock from "exif-reader";

/** What is told of a photograph. Not where it was taken, nor by whom, nor the number of the camera. */
const SHOWN = {
  Image: ["Make", "Model", "Software"],
  Photo: [
    "DateTimeOriginal",
    "ExposureTime",
    "FNumber",
    "ISOSpeedRatings",
    "FocalLength",
    "LensModel",
  ],
} as const;

/** Fields with lower-case initials: `make`, `model`, `dateTimeOriginal` (ISO 8601), `exposureTime` (s) and so on. Unreadable blocks are empty. */
export function readExif(block: Uint8Array | undefined): Record<string, string | number> {
  if (block === undefined) return {};
  try {
    const { Image, Photo } = readExifBlock(Buffer.from(block));
    return { ...pick(Image ?? {}, SHOWN.Image), ...pick(Photo ?? {}, SHOWN.Photo) };
  } catch {
    return {};
  }
}

function pick(tags: object, names: readonly string[]): Record<string, string | number> {
  const found = new Map<string, unknown>(Object.entries(tags));
  const entries = names.flatMap((name) => {
    const value = toShown(found.get(name));
    return value === undefined
      ? []
      : [[name.charAt(0).toLowerCase() + name.slice(1), value] as const];
  });
  return Object.fromEntries(entries);
}

function toShown(value: unknown): string | number | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (typeof value === "string") return value.replaceAll("\0", "").trim().slice(0, 100);
  return undefined;
}
