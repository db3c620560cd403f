import { describe, expect } from "vitest";
import type { PdfOptions } from "../../src/contract/job-types/pdf.ts";
import { inFormat } from "../support/images.ts";
import { pdfTask, test } from "../support/pdf-jobs.ts";
import { locked, pdf, qpdf } from "../support/pdfs.ts";
import {
  boaster,
  contentBomb,
  endless,
  manyPages,
  noisePdf,
  scripted,
} from "../support/raw-pdf.ts";

const DAMAGED = "The PDF is damaged or incomplete";
const LOCKED = "The PDF is locked, and the password is missing or wrong";
const NO_PDF = "The file is not a PDF";
const MIB = 1024 * 1024;
const EXTRACT: PdfOptions = { operation: "extract" };

const half = (file: Buffer): Buffer => file.subarray(0, file.length / 2);

interface Bad {
  what: string;
  make: () => Promise<Buffer> | Buffer;
  options?: PdfOptions;
  code: string;
  message: string;
}

/** What strangers send. */
const BAD: Bad[] = [
  {
    what: "nothing",
    make: () => Buffer.alloc(0),
    code: "input_corrupt",
    message: "The file is empty",
  },
  {
    what: "a letter",
    make: () => Buffer.from("Dear Sir,"),
    code: "input_unsupported",
    message: NO_PDF,
  },
  { what: "a picture", make: () => inFormat("png"), code: "input_unsupported", message: NO_PDF },
  {
    what: "half of one",
    make: async () => half(await pdf(20)),
    code: "input_corrupt",
    message: DAMAGED,
  },
  {
    what: "half of one for the web",
    make: async () => half(await qpdf(await pdf(40), ["--linearize"])),
    code: "input_corrupt",
    message: DAMAGED,
  },
  {
    what: "its head alone",
    make: () => Buffer.from("%PDF-1.7\n"),
    code: "input_corrupt",
    message: DAMAGED,
  },
  {
    what: "a locked one",
    make: async () => locked(await pdf(1), "a"),
    code: "input_encrypted",
    message: LOCKED,
  },
  {
    what: "a locked one with another's password",
    make: async () => locked(await pdf(1), "a"),
    options: { operation: "split", ranges: ["1"], password: "b" },
    code: "input_encrypted",
    message: LOCKED,
  },
  {
    what: "too many pages",
    make: () => manyPages(10_001),
    code: "input_too_large",
    message: "The PDF has more than 10,000 pages",
  },
  {
    what: "a page that is not there",
    make: () => pdf(3),
    options: { operation: "split", ranges: ["1", "3-4"] },
    code: "input_unsupported",
    message: "The PDF has 3 pages, so there is nothing to take out at 3-4",
  },
  {
    what: "a tree of pages without end",
    make: endless,
    code: "input_corrupt",
    message: "The PDF is damaged: page 1 cannot be read",
  },
];

describe("a PDF job with bad input", { timeout: 120_000 }, () => {
  test("ends with a code and a sentence each time, leaves nothing behind, and the next one is done", async ({
    line,
    start,
    submitPdf,
    done,
  }) => {
    await start(pdfTask);
    for (const { what, make, options = EXTRACT, code, message } of BAD) {
      const jobId = await submitPdf(await make(), options);
      const { failure, events } = await line.outcome(jobId, "pdf");
      expect.soft(failure, what).toEqual({ code, message, run: 1 });
      const runs = events.filter(({ event }) => event === "active");
      expect.soft(runs, what).toHaveLength(1);
    }
    const good = await submitPdf(await pdf(1), EXTRACT);
    expect((await done(good)).result).toMatchObject({ pages: 1 });
    const left = (await line.files()).filter((path) => !path.startsWith("files/uploads/"));
    expect(left).toHaveLength(3);
    expect(left.every((path) => path.startsWith(`files/jobs/${good}/1/`))).toBe(true);
  });

  test("says which of the files to merge is bad", async ({ line, start, submitPdf }) => {
    await start(pdfTask);
    const files = [await pdf(1), half(await pdf(20))];
    const jobId = await submitPdf(files, { operation: "merge" });
    expect((await line.outcome(jobId, "pdf")).failure).toMatchObject({
      code: "input_corrupt",
      message: `File 2: ${DAMAGED}`,
    });
    const left = (await line.files()).filter((path) => !path.startsWith("files/uploads/"));
    expect(left).toEqual([]);
  });

  test("is stopped when it grows without end", async ({ line, start, submitPdf }) => {
    const task = { ...pdfTask.task, maxMemoryBytes: 512 * MIB };
    await start({ ...pdfTask, task });
    const jobId = await submitPdf(contentBomb(), EXTRACT);
    expect((await line.outcome(jobId, "pdf")).failure).toMatchObject({
      code: "input_too_large",
      run: 1,
    });
  });
});

describe("a PDF job with odd input", { timeout: 120_000 }, () => {
  test("runs no script that a document carries, and passes none on", async ({
    start,
    submitPdf,
    done,
    fetchFile,
  }) => {
    await start(pdfTask);
    const { result } = await done(await submitPdf(scripted(), EXTRACT));
    expect((await fetchFile(result, "text.txt")).content.toString()).toContain("harmless");

    const merged = await done(await submitPdf([scripted()], { operation: "merge" }));
    const { content } = await fetchFile(merged.result, "merged.pdf");
    const plain = await qpdf(content, ["--qdf", "--object-streams=disable"]);
    expect(plain.toString("latin1")).toContain("harmless");
    expect(plain.toString("latin1")).not.toMatch(/JavaScript|launchURL/);
  });

  test("counts pages itself", async ({ start, submitPdf, done }) => {
    await start(pdfTask);
    expect((await done(await submitPdf(boaster(), EXTRACT))).result).toMatchObject({ pages: 1 });
  });

  test("reads ten thousand pages", async ({ start, submitPdf, done }) => {
    await start(pdfTask);
    const jobId = await submitPdf(manyPages(10_000), { operation: "extract", pictures: 0 });
    expect((await done(jobId)).result).toMatchObject({ pages: 10_000, characters: 110_000 });
  });

  test("draws a hundred of five hundred pages", async ({ start, submitPdf, done }) => {
    await start(pdfTask);
    const { result, progress } = await done(await submitPdf(manyPages(500), EXTRACT));
    expect(result.files.at(-1)?.name).toBe("page-100.webp");
    expect(progress.length).toBeGreaterThan(5);
  });

  test("takes a hundred megabytes, and refuses what is larger than it says", async ({
    start,
    line,
    submitPdf,
    done,
  }) => {
    await start(pdfTask);
    const large = noisePdf(100);
    const { result } = await done(await submitPdf(large, EXTRACT));
    expect(result).toMatchObject({ pages: 1 });
    const merged = await done(await submitPdf([large, large], { operation: "merge" }));
    expect(merged.result).toMatchObject({ pages: 2 });

    const huge = await submitPdf(Buffer.alloc(256 * MIB + 1, "%PDF-1.7\n"), EXTRACT);
    expect((await line.outcome(huge, "pdf")).failure).toMatchObject({
      code: "input_too_large",
      message: "The PDF has more than 256 MiB",
    });
  });
});
