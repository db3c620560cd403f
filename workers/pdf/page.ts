import { WorkerError } from "../../src/errors.ts";
import { type Pdfium, readUtf16, withMemory } from "./pdfium.ts";

/** RGBA, row by row. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
}

export interface PdfPage {
  /** In points (1/72 inch), as it is meant to be seen: turned by its rotation. */
  width: number;
  height: number;
  /** Lines end with `\n`. */
  text(): string;
  /** On white, with its annotations. */
  render(width: number, height: number): Pixels;
}

const ANNOTATIONS = 0x01;
const RED_FIRST = 0x10;
const BGRA = 4;
const WHITE = 0xffffffff;

/** From 0. Fails with `input_corrupt`. */
export function openPage(
  pdfium: Pdfium,
  document: number,
  index: number,
): PdfPage & { close(): void } {
  const handle = pdfium.loadPage(document, index);
  if (handle === 0)
    throw new WorkerError("input_corrupt", `The PDF is damaged: page ${index + 1} cannot be read`);
  return {
    width: pdfium.pageWidth(handle),
    height: pdfium.pageHeight(handle),
    text: () => readText(pdfium, handle),
    render: (width, height) => render(pdfium, handle, width, height),
    close: () => pdfium.closePage(handle),
  };
}

function readText(pdfium: Pdfium, page: number): string {
  const text = pdfium.loadText(page);
  if (text === 0) return "";
  try {
    const count = pdfium.countCharacters(text);
    if (count <= 0) return "";
    return withMemory(pdfium, (count + 1) * 2, (at) => {
      const written = pdfium.readText(text, 0, count, at);
      return tidy(readUtf16(pdfium, at, Math.max(0, written - 1) * 2));
    });
  } finally {
    pdfium.closeText(text);
  }
}

/** PDFium ends lines as Windows does, and marks a hyphen at a line's end with a character of its own. */
const tidy = (text: string): string =>
  text
    .replaceAll("\r\n", "\n")
    .replaceAll("\u0002", "-")
    // Others can be stored in no database, and printed on no terminal.
    .replaceAll(/(?![\n\t])[\p{Cc}\ufffe\uffff]/gu, "")
    .toWellFormed();

function render(pdfium: Pdfium, page: number, width: number, height: number): Pixels {
  const stride = width * BGRA;
  return withMemory(pdfium, stride * height, (at) => {
    const bitmap = pdfium.createBitmap(width, height, BGRA, at, stride);
    if (bitmap === 0) throw new WorkerError("input_too_large", "The PDF needs too much memory");
    try {
      pdfium.fill(bitmap, 0, 0, width, height, WHITE);
      const flags = ANNOTATIONS | RED_FIRST;
      pdfium.render(bitmap, page, 0, 0, width, height, 0, flags);
      return { data: pdfium.memory().slice(at, at + stride * height), width, height };
    } finally {
      pdfium.destroyBitmap(bitmap);
    }
  });
}
