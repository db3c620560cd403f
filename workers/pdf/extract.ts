import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { MAX_PICTURES, type PdfExtract } from "../../src/contract/job-types/pdf.ts";
import type { FileRef, WorkResult } from "../../src/contract/worker.ts";
import { WorkerError } from "../../src/errors.ts";
import type { WorkContext } from "../define-worker.ts";
import { type PdfDocument, withPdf } from "./document.ts";
import type { PdfPage, Pixels } from "./page.ts";
import { tellPages } from "./progress.ts";

/** A page can show one text of megabytes over and over again. */
const MAX_CHARACTERS = 50_000_000;
/** Of a picture's longer side: enough to read a page of A4. */
const MAX_PIXELS = 1600;
/** Small pages, as of tickets and labels, are not blown up further. */
const MAX_SCALE = 2;

sharp.cache(false);
sharp.concurrency(2);

/** Text by page as `text.txt` and `pages.json`, and pictures of the first pages. */
export const extract = (
  path: string,
  options: PdfExtract,
  context: WorkContext,
): Promise<WorkResult> =>
  withPdf(path, options.password, async (document) => {
    const { pages, title } = document;
    const wanted = Math.min(options.pictures ?? MAX_PICTURES, pages);
    const tell = tellPages(context, pages + wanted);
    const { characters, files } = await extractText(document, context, tell);
    const pictures = await drawPages(document, wanted, context, tell);
    return { pages, title, characters, files: [...files, ...pictures] };
  });

type Tell = (step: string) => Promise<void>;

/** Through files, since the text of ten thousand pages is long. */
async function extractText(
  { pages, title, withPage }: PdfDocument,
  { tempDir, save }: WorkContext,
  tell: Tell,
): Promise<{ characters: number; files: FileRef[] }> {
  const textPath = join(tempDir, "text.txt");
  const jsonPath = join(tempDir, "pages.json");
  let characters = 0;
  {
    await using text = await open(textPath, "w");
    await using json = await open(jsonPath, "w");
    await json.write(`{"title":${JSON.stringify(title)},"pages":[\n`);
    for (let i = 0; i < pages; i += 1) {
      await tell(`page ${i + 1} of ${pages}`);
      const read = withPage(i, toReadPage);
      characters += read.text.length;
      if (characters > MAX_CHARACTERS)
        throw new WorkerError("input_too_large", "The PDF has too much text");
      await writePage(text, json, i + 1, pages, read);
    }
    await json.write("]}\n");
  }
  const files = [
    await save("text.txt", createReadStream(textPath)),
    await save("pages.json", createReadStream(jsonPath)),
  ];
  return { characters, files };
}

interface ReadPage {
  width: number;
  height: number;
  text: string;
}

const toReadPage = (page: PdfPage): ReadPage => ({
  width: Math.round(page.width * 100) / 100,
  height: Math.round(page.height * 100) / 100,
  text: page.text(),
});

async function writePage(
  text: FileHandle,
  json: FileHandle,
  page: number,
  pages: number,
  read: ReadPage,
): Promise<void> {
  await text.write(`--- page ${page} of ${pages} ---\n${read.text.trimEnd()}\n\n`);
  await json.write(`${JSON.stringify({ page, ...read })}${page === pages ? "" : ","}\n`);
}

async function drawPages(
  { withPage }: PdfDocument,
  count: number,
  { save, signal }: WorkContext,
  tell: Tell,
): Promise<FileRef[]> {
  const files: FileRef[] = [];
  for (let i = 0; i < count; i += 1) {
    await tell(`picture ${i + 1} of ${count}`);
    signal.throwIfAborted();
    const { data, width, height } = withPage(i, draw);
    const picture = sharp(data, { raw: { width, height, channels: 4 } }).removeAlpha();
    const name = `page-${String(i + 1).padStart(3, "0")}.webp`;
    files.push(await save(name, await picture.webp({ effort: 2 }).toBuffer()));
  }
  return files;
}

function draw(page: PdfPage): Pixels {
  const scale = Math.min(MAX_SCALE, MAX_PIXELS / Math.max(page.width, page.height, 1));
  const toPixels = (points: number) => Math.max(1, Math.round(points * scale));
  return page.render(toPixels(page.width), toPixels(page.height));
}
