import { readFile } from "node:fs/promises";
import { PDFDocument } from "@cantoo/pdf-lib";
import type { PageRange } from "../../src/contract/job-types/pdf.ts";
import type { FileRef } from "../../src/contract/worker.ts";
import { WorkerError } from "../../src/errors.ts";
import type { WorkContext } from "../define-worker.ts";
import { withPdf } from "./document.ts";

/** A PDF from which pages can be taken. */
export interface Source {
  document: PDFDocument;
  pages: number;
  title: string | null;
  bytes: number;
}

/** Called before each page is read, with its number. */
export type OnPage = (page: number, pages: number) => Promise<void>;

/** PDFium reads it first, page by page: it tells what is wrong with a file, where the other library fails in any way or guesses. */
export async function loadSource(
  path: string,
  password: string | undefined,
  onPage: OnPage,
): Promise<Source> {
  const { pages, title } = await withPdf(path, password, async (document) => {
    for (let i = 0; i < document.pages; i += 1) {
      await onPage(i + 1, document.pages);
      document.withPage(i, () => undefined);
    }
    return document;
  });
  const content = await readFile(path);
  const document = await orDamaged(() =>
    PDFDocument.load(content, {
      updateMetadata: false,
      throwOnInvalidObject: true,
      // Without one it takes no locked file, not even one that is locked against changes alone.
      password: password ?? "",
    }),
  );
  if (document.getPageCount() !== pages) throw damaged();
  return { document, pages, title, bytes: content.length };
}

/** With their size, rotation and annotations; what they share is copied once. */
export async function addPages(
  target: PDFDocument,
  { document }: Source,
  { first, last }: PageRange,
): Promise<void> {
  const indices = Array.from({ length: last - first + 1 }, (_, i) => first - 1 + i);
  const pages = await orDamaged(() => target.copyPages(document, indices));
  for (const page of pages) target.addPage(page);
}

export async function saveDocument(
  document: PDFDocument,
  name: string,
  { save }: WorkContext,
): Promise<FileRef> {
  return save(name, await document.save());
}

/** What PDFium can read and this library cannot is odd beyond repair. */
async function orDamaged<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw damaged(cause);
  }
}

const damaged = (cause?: unknown): WorkerError =>
  new WorkerError("input_corrupt", "The PDF is damaged: its pages cannot be taken out", { cause });
