import { describe, expect } from "vitest";
import sharp from "sharp";
import type { PdfOptions } from "../../src/contract/job-types/pdf.ts";
import { pdfTask, test } from "../support/pdf-jobs.ts";
import { locked, pdf, qpdf, run, textOf } from "../support/pdfs.ts";
import { manyPages } from "../support/raw-pdf.ts";

describe("extracting from a PDF", { timeout: 60_000 }, () => {
  test("gives its text by page, its title, and pictures of its pages", async ({
    start,
    submitPdf,
    done,
    fetchFile,
  }) => {
    await start(pdfTask);
    const content = await pdf(3, { title: "Zgłoszenie szkody", text: "Größe" });

    const { result, progress } = await done(await submitPdf(content, { operation: "extract" }));

    expect(result).toMatchObject({ pages: 3, title: "Zgłoszenie szkody", characters: 51 });
    expect(result.files.map(({ name }) => name)).toEqual([
      "text.txt",
      "pages.json",
      "page-001.webp",
      "page-002.webp",
      "page-003.webp",
    ]);
    const text = await fetchFile(result, "text.txt");
    expect(text.content.toString()).toBe(
      [1, 2, 3].map((i) => `--- page ${i} of 3 ---\nPage ${i} of 3 Größe\n\n`).join(""),
    );
    const json = await fetchFile(result, "pages.json");
    expect(JSON.parse(json.content.toString())).toEqual({
      title: "Zgłoszenie szkody",
      pages: [1, 2, 3].map((page) => ({
        page,
        width: 595.28,
        height: 841.89,
        text: `Page ${page} of 3 Größe`,
      })),
    });
    const picture = sharp((await fetchFile(result, "page-002.webp")).content);
    expect(await picture.metadata()).toMatchObject({ format: "webp", width: 1131, height: 1600 });
    // White with something written on it.
    expect((await picture.stats()).channels[0]).toMatchObject({ min: 0, max: 255 });
    const steps = progress.map(({ step }) => step);
    expect(steps[0]).toBe("page 1 of 3");
    expect(steps.at(-1)).toBe("picture 3 of 3");
  });

  test("makes no more pictures than wanted, and none that are huge", async ({
    start,
    submitPdf,
    done,
    fetchFile,
  }) => {
    await start(pdfTask);
    const few = await done(await submitPdf(await pdf(3), { operation: "extract", pictures: 1 }));
    expect(few.result.files.map(({ name }) => name)).toEqual([
      "text.txt",
      "pages.json",
      "page-001.webp",
    ]);

    const sheet = await pdf(1, { size: [14_400, 7200] });
    const { result } = await done(await submitPdf(sheet, { operation: "extract" }));
    const picture = await fetchFile(result, "page-001.webp");
    expect(await sharp(picture.content).metadata()).toMatchObject({ width: 1600, height: 800 });
  });

  test("opens a locked one with its password", async ({ start, submitPdf, done }) => {
    await start(pdfTask);
    const content = await locked(await pdf(2), "żółw");
    const jobId = await submitPdf(content, { operation: "extract", password: "żółw", pictures: 0 });
    expect((await done(jobId)).result).toMatchObject({ pages: 2 });
  });
});

describe("splitting a PDF", { timeout: 60_000 }, () => {
  test("makes a file of each range, with sizes and rotations kept", async ({
    start,
    submitPdf,
    done,
    fetchFile,
  }) => {
    await start(pdfTask);
    const content = await qpdf(await pdf(5, { title: "Policy", size: [300, 500] }), [
      "--rotate=+90:2",
    ]);

    const jobId = await submitPdf(content, { operation: "split", ranges: ["2-4", "5"] });
    const { result, progress } = await done(jobId);

    expect(result).toMatchObject({ pages: 5, title: "Policy" });
    expect(result.files.map(({ name }) => name)).toEqual(["pages-2-4.pdf", "pages-5.pdf"]);
    expect(progress.at(-1)?.step).toBe("file 2 of 2");
    const { path } = await fetchFile(result, "pages-2-4.pdf");
    await run("qpdf", ["--check", path]);
    expect(await textOf(path)).toEqual(["Page 2 of 5", "Page 3 of 5", "Page 4 of 5"]);
    const info = await run("pdfinfo", ["-l", "3", path]);
    expect(info).toMatch(/Title: +Policy/);
    expect(info).toMatch(/Page +1 rot: +90/);
    expect(info).toMatch(/Page +2 rot: +0/);
    expect(info).toMatch(/Page +1 size: +300 x 500/);
  });

  test("unlocks what it takes out of a locked one", async ({
    start,
    submitPdf,
    done,
    fetchFile,
  }) => {
    await start(pdfTask);
    for (const bits of ["256", "128"]) {
      const weak = bits === "128" ? ["--allow-weak-crypto"] : [];
      const content = await qpdf(await pdf(3), [...weak, "--encrypt", "open", "owner", bits]);
      const jobId = await submitPdf(content, {
        operation: "split",
        ranges: ["3"],
        password: "open",
      });
      const { result } = await done(jobId);
      expect(await textOf((await fetchFile(result, "pages-3.pdf")).path)).toEqual(["Page 3 of 3"]);
    }
  });
});

describe("merging PDFs", { timeout: 60_000 }, () => {
  test("puts all pages into one file, in order", async ({ start, submitPdf, done, fetchFile }) => {
    await start(pdfTask);
    const files = [
      await pdf(2, { size: [300, 500] }),
      await pdf(1, { title: "Second" }),
      // Locked for whoever wants to change it: anyone may read it.
      await qpdf(await pdf(1, { text: "last" }), ["--encrypt", "", "owner", "256"]),
    ];

    const { result } = await done(await submitPdf(files, { operation: "merge" }));

    expect(result).toMatchObject({ pages: 4, title: "Second" });
    const { path } = await fetchFile(result, "merged.pdf");
    await run("qpdf", ["--check", path]);
    expect(await textOf(path)).toEqual([
      "Page 1 of 2",
      "Page 2 of 2",
      "Page 1 of 1",
      "Page 1 of 1 last",
    ]);
    const info = await run("pdfinfo", ["-l", "4", path]);
    expect(info).toMatch(/Page +2 size: +300 x 500/);
    expect(info).toMatch(/Page +3 size: +595.28 x 841.89/);
  });
});

describe("a PDF of many pages", { timeout: 60_000 }, () => {
  test.for([
    {
      operation: "split",
      given: manyPages(3000),
      options: { operation: "split", ranges: ["1-2000", "3000"] },
      steps: [/^reading page \d{2,} of 3000$/, /^file 1 of 2$/],
    },
    {
      operation: "merge",
      given: [manyPages(3000), manyPages(3000)],
      options: { operation: "merge" },
      steps: [/^file 1 of 2, page \d{2,} of 3000$/, /^file 2 of 2, page \d+ of 3000$/],
    },
  ] satisfies Many[])(
    "tells of its pages as it goes, never backwards: $operation",
    async ({ given, options, steps }, { start, submitPdf, done }) => {
      await start(pdfTask);
      const { progress } = await done(await submitPdf(given, options));
      for (const step of steps)
        expect(progress).toContainEqual(
          expect.objectContaining({ step: expect.stringMatching(step) }),
        );
      const percents = progress.map(({ percent }) => percent);
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
      expect(percents.at(-1)).toBeLessThan(100);
    },
  );
});

interface Many {
  operation: string;
  given: Buffer | Buffer[];
  options: PdfOptions;
  steps: RegExp[];
}
