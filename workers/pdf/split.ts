import { PDFDocument } from "@cantoo/pdf-lib";
import { type PageRange, type PdfSplit, toPageRange } from "../../src/contract/job-types/pdf.ts";
import type { FileRef, WorkResult } from "../../src/contract/worker.ts";
import { WorkerError } from "../../src/errors.ts";
import type { WorkContext } from "../define-worker.ts";
import { addPages, loadSource, saveDocument } from "./copy.ts";
import { createTell } from "./progress.ts";

/** Ranges may overlap, so that little input could become much output. */
const MAX_OUTPUT_BYTES = 1024 ** 3;

/** The share of the work that is done before the first file. */
const READING = 0.5;

/** A file for each range, `pages-1-3.pdf`, in the order given; `pages` and `title` are those of the whole. */
export async function split(
  path: string,
  { ranges, password }: PdfSplit,
  context: WorkContext,
): Promise<WorkResult> {
  const tell = createTell(context);
  const source = await loadSource(path, password, (page, pages) =>
    tell((READING * (page - 1)) / pages, `reading page ${page} of ${pages}`),
  );
  const wanted = ranges.map((range) => requireRange(range, source.pages));
  const total = wanted.reduce((sum, range) => sum + lengthOf(range), 0);
  let taken = 0;
  const files: FileRef[] = [];
  let bytes = 0;
  for (const [i, { range, first, last }] of wanted.entries()) {
    const share = READING + ((1 - READING) * taken) / total;
    await tell(share, `file ${i + 1} of ${wanted.length}`);
    const part = await PDFDocument.create({ updateMetadata: false });
    if (source.title !== null) part.setTitle(source.title);
    await addPages(part, source, { first, last });
    taken += lengthOf({ first, last });
    const file = await saveDocument(part, `pages-${range}.pdf`, context);
    files.push(file);
    bytes += file.bytes;
    if (bytes > MAX_OUTPUT_BYTES)
      throw new WorkerError("input_too_large", "The ranges make more than 1 GiB of files");
  }
  return { pages: source.pages, title: source.title, files };
}

const lengthOf = ({ first, last }: PageRange): number => last - first + 1;

function requireRange(range: string, pages: number) {
  const parsed = toPageRange(range);
  if (parsed !== undefined && parsed.last <= pages) return { range, ...parsed };
  const count = pages === 1 ? "1 page" : `${pages} pages`;
  throw new WorkerError(
    "input_unsupported",
    `The PDF has ${count}, so there is nothing to take out at ${range}`,
  );
}
