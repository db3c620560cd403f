import { PDFDocument } from "@cantoo/pdf-lib";
import { MAX_PAGES } from "../../src/contract/job-types/pdf.ts";
import type { WorkResult, WorkSource } from "../../src/contract/worker.ts";
import { WorkerError } from "../../src/errors.ts";
import type { WorkContext } from "../define-worker.ts";
import { type OnPage, type Source, addPages, loadSource, saveDocument } from "./copy.ts";
import { createTell } from "./progress.ts";

/** The originals are in memory beside the copies of their pages. */
const MAX_BYTES = 256 * 1024 ** 2;

/** The pages of all files in the order given, as `merged.pdf`. Bookmarks, forms' logic and scripts stay behind. */
export async function merge(sources: WorkSource[], context: WorkContext): Promise<WorkResult> {
  const target = await PDFDocument.create({ updateMetadata: false });
  const tell = createTell(context);
  const steps = sources.length + 1;
  let bytes = 0;
  let title: string | null = null;
  for (const [i, source] of sources.entries()) {
    const loaded = await loadNumbered(source, i + 1, context, (page, pages) =>
      tell(
        (i + (page - 1) / pages) / steps,
        `file ${i + 1} of ${sources.length}, page ${page} of ${pages}`,
      ),
    );
    bytes += loaded.bytes;
    title ??= loaded.title;
    requireLimits(bytes, target.getPageCount() + loaded.pages);
    await addPages(target, loaded, { first: 1, last: loaded.pages });
  }
  await tell(sources.length / steps, "saving");
  if (title !== null) target.setTitle(title);
  const file = await saveDocument(target, "merged.pdf", context);
  return { pages: target.getPageCount(), title, files: [file] };
}

/** Says which of the files is wrong. */
async function loadNumbered(
  source: WorkSource,
  number: number,
  { withPath }: WorkContext,
  onPage: OnPage,
): Promise<Source> {
  try {
    return await withPath(source, (path) => loadSource(path, undefined, onPage));
  } catch (thrown) {
    if (!(thrown instanceof WorkerError)) throw thrown;
    throw new WorkerError(thrown.code, `File ${number}: ${thrown.message}`, { cause: thrown });
  }
}

function requireLimits(bytes: number, pages: number): void {
  if (bytes > MAX_BYTES)
    throw new WorkerError(
      "input_too_large",
      `The files have more than ${MAX_BYTES / 1024 ** 2} MiB together`,
    );
  if (pages > MAX_PAGES)
    throw new WorkerError(
      "input_too_large",
      `The files have more than ${MAX_PAGES.toLocaleString("en")} pages together`,
    );
}
