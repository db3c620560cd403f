import { open } from "node:fs/promises";

export type PictureKind = "jpeg" | "png" | "gif" | "webp" | "tiff" | "avif" | "heic";

const HEAD_BYTES = 32;
const TAIL_BYTES = 512;
const HEIC_BRANDS = ["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"];

/**
 * What a file is by its first bytes, whatever it is called; `undefined` for all that is not to be opened. SVG among them: it is a program, and may
 * refer to other files.
 */
export async function readKind(path: string): Promise<PictureKind | undefined> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return toKind(buffer.subarray(0, bytesRead).toString("latin1"));
  } finally {
    await file.close();
  }
}

/** Whether a GIF has its end: libvips takes one that was cut off for a shorter animation. */
export async function hasGifEnd(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start);
    // Some writers fill up with zeros or a line end.
    return /;[\0\r\n]*$/.test(buffer.subarray(0, bytesRead).toString("latin1"));
  } finally {
    await file.close();
  }
}

function toKind(head: string): PictureKind | undefined {
  if (head.startsWith("\xff\xd8\xff")) return "jpeg";
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "gif";
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "webp";
  if (head.startsWith("II*\0") || head.startsWith("MM\0*")) return "tiff";
  if (head.slice(4, 8) !== "ftyp") return undefined;
  const brands = head.slice(8);
  if (brands.includes("avif") || brands.includes("avis")) return "avif";
  return HEIC_BRANDS.some((brand) => brands.includes(brand)) ? "heic" : undefined;
}
