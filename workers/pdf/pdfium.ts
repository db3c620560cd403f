import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PDFiumModule } from "@hyzyla/pdfium";
import { WorkerError } from "../../src/errors.ts";

type Module = Awaited<ReturnType<typeof PDFiumModule>>;

/**
 * The part of PDFium's C interface that is needed here; handles and addresses are numbers, 0 is none. The package's own classes know no title, keep each
 * page open of which only the text is read, and tell errors apart by words. This build has no JavaScript in it.
 */
export type Pdfium = ReturnType<typeof bind>;

let loading: Promise<Pdfium> | undefined;

/** Once in a process. */
export const loadPdfium = (): Promise<Pdfium> => (loading ??= load());

async function load(): Promise<Pdfium> {
  const path = fileURLToPath(import.meta.resolve("@hyzyla/pdfium/pdfium.wasm"));
  const wasmBinary = new Uint8Array(await readFile(path)).buffer;
  const module = await PDFiumModule({ wasmBinary });
  requireFunction(module, "_FPDF_InitLibrary")();
  return bind(module);
}

/* oxlint-disable no-underscore-dangle -- C functions, as the build calls them */
const bind = (module: Module) => ({
  loadDocument: module._FPDF_LoadMemDocument,
  lastError: module._FPDF_GetLastError,
  closeDocument: module._FPDF_CloseDocument,
  countPages: module._FPDF_GetPageCount,
  /** Document, name of the entry, buffer and its size; returns the bytes of the text, UTF-16 with a final 0. */
  readMeta: requireFunction(module, "_FPDF_GetMetaText"),
  loadPage: module._FPDF_LoadPage,
  closePage: module._FPDF_ClosePage,
  pageWidth: module._FPDF_GetPageWidth,
  pageHeight: module._FPDF_GetPageHeight,
  loadText: module._FPDFText_LoadPage,
  closeText: module._FPDFText_ClosePage,
  countCharacters: module._FPDFText_CountChars,
  readText: module._FPDFText_GetText,
  createBitmap: module._FPDFBitmap_CreateEx,
  destroyBitmap: module._FPDFBitmap_Destroy,
  fill: module._FPDFBitmap_FillRect,
  render: module._FPDF_RenderPageBitmap,
  allocate: module.wasmExports.malloc,
  free: module.wasmExports.free,
  /** Another array after it has grown: never to be kept. */
  memory: () => module.HEAPU8,
});
/* oxlint-enable no-underscore-dangle */

/** One that the package's types leave out. */
function requireFunction(module: Module, name: string): (...values: number[]) => number {
  const found: unknown = Reflect.get(module, name);
  if (typeof found !== "function") throw new Error(`This build of PDFium has no ${name}`);
  return (...values) => Number(found(...values));
}

/** Lets `use` have memory of PDFium's, freed afterwards. */
export function withMemory<T>(pdfium: Pdfium, bytes: number, use: (at: number) => T): T {
  const at = allocate(pdfium, bytes);
  try {
    return use(at);
  } finally {
    pdfium.free(at);
  }
}

export function allocate(pdfium: Pdfium, bytes: number): number {
  const at = pdfium.allocate(bytes);
  if (at === 0) throw new WorkerError("input_too_large", "The PDF needs too much memory");
  return at;
}

/** UTF-8 with a final 0; to be freed. */
export function copyText(pdfium: Pdfium, text: string): number {
  const bytes = Buffer.from(`${text}\0`);
  const at = allocate(pdfium, bytes.length);
  pdfium.memory().set(bytes, at);
  return at;
}

/** A whole file, without a second copy on our side; to be freed. */
export function copyFile(pdfium: Pdfium, path: string): { at: number; bytes: number } {
  const file = openSync(path, "r");
  try {
    const { size: bytes } = fstatSync(file);
    const at = allocate(pdfium, bytes);
    let done = 0;
    while (done < bytes) {
      const count = readSync(file, pdfium.memory(), at + done, bytes - done, null);
      if (count === 0) break;
      done += count;
    }
    return { at, bytes: done };
  } finally {
    closeSync(file);
  }
}

export const readUtf16 = (pdfium: Pdfium, at: number, bytes: number): string =>
  Buffer.from(pdfium.memory().subarray(at, at + bytes)).toString("utf16le");
