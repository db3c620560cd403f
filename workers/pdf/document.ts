import { stat } from "node:fs/promises";
import { MAX_PAGES } from "../../src/contract/job-types/pdf.ts";
import { WorkerError } from "../../src/errors.ts";
import { type PdfPage, openPage } from "./page.ts";
import { type Pdfium, copyFile, copyText, loadPdfium, readUtf16, withMemory } from "./pdfium.ts";

/** A PDF that PDFium could open. */
export interface PdfDocument {
  pages: number;
  title: string | null;
  /** Lets `use` read a page, from 0. Fails with `input_corrupt` for one that cannot be read. */
  withPage<T>(index: number, use: (page: PdfPage) => T): T;
}

/** It is read into memory as it is, beside what is made of it. */
const MAX_BYTES = 256 * 1024 ** 2;
const MAX_TITLE_BYTES = 1000;

/** What FPDF_GetLastError says; the rest is damage. */
const WRONG_PASSWORD = 4;
const UNKNOWN_LOCK = 5;

/** Lets `use` read the PDF at a path. Fails with the codes of bad input. */
export async function withPdf<T>(
  path: string,
  password: string | undefined,
  use: (document: PdfDocument) => Promise<T>,
): Promise<T> {
  await requireSize(path);
  const pdfium = await loadPdfium();
  const { at, bytes } = copyFile(pdfium, path);
  try {
    const handle = open(pdfium, at, bytes, password);
    try {
      return await use(describe(pdfium, handle));
    } finally {
      pdfium.closeDocument(handle);
    }
  } finally {
    pdfium.free(at);
  }
}

async function requireSize(path: string): Promise<void> {
  const { size } = await stat(path);
  if (size === 0) throw new WorkerError("input_corrupt", "The file is empty");
  if (size > MAX_BYTES)
    throw new WorkerError("input_too_large", `The PDF has more than ${MAX_BYTES / 1024 ** 2} MiB`);
}

function open(pdfium: Pdfium, at: number, bytes: number, password: string | undefined): number {
  const secret = password === undefined ? 0 : copyText(pdfium, password);
  const handle = pdfium.loadDocument(at, bytes, secret);
  pdfium.free(secret);
  if (handle === 0) throw toLoadError(pdfium, at, bytes);
  return handle;
}

function toLoadError(pdfium: Pdfium, at: number, bytes: number): WorkerError {
  switch (pdfium.lastError()) {
    case WRONG_PASSWORD:
      return new WorkerError(
        "input_encrypted",
        "The PDF is locked, and the password is missing or wrong",
      );
    case UNKNOWN_LOCK:
      return new WorkerError("input_unsupported", "The PDF is locked in a way that is not known");
    default:
      return isCalledPdf(pdfium.memory().subarray(at, at + Math.min(bytes, 1024)))
        ? new WorkerError("input_corrupt", "The PDF is damaged or incomplete")
        : new WorkerError("input_unsupported", "The file is not a PDF");
  }
}

/** Whether a file says that it is a PDF, as readers look for it: among its first bytes. */
const isCalledPdf = (head: Uint8Array): boolean => Buffer.from(head).includes("%PDF-");

function describe(pdfium: Pdfium, handle: number): PdfDocument {
  const pages = pdfium.countPages(handle);
  if (pages === 0) throw new WorkerError("input_corrupt", "The PDF has no pages");
  if (pages > MAX_PAGES)
    throw new WorkerError(
      "input_too_large",
      `The PDF has more than ${MAX_PAGES.toLocaleString("en")} pages`,
    );
  return {
    pages,
    title: readTitle(pdfium, handle),
    withPage(index, use) {
      const page = openPage(pdfium, handle, index);
      try {
        return use(page);
      } finally {
        page.close();
      }
    },
  };
}

function readTitle(pdfium: Pdfium, handle: number): string | null {
  const tag = copyText(pdfium, "Title");
  try {
    const bytes = pdfium.readMeta(handle, tag, 0, 0);
    const text = withMemory(pdfium, Math.max(bytes, 2), (at) => {
      pdfium.readMeta(handle, tag, at, bytes);
      return readUtf16(pdfium, at, Math.min(bytes, MAX_TITLE_BYTES));
    });
    // Control characters would end up in logs and lists.
    const title = text.replaceAll(/\p{Cc}+/gu, " ").trim();
    return title === "" ? null : title;
  } finally {
    pdfium.free(tag);
  }
}
