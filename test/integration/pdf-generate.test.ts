import { describe, expect } from "vitest";
import sharp from "sharp";
import { pdfTask, test } from "../support/pdf-jobs.ts";
import { run, textOf } from "../support/pdfs.ts";

const party = { name: "Müller & Söhne GmbH", address: ["Straße 1", "10115 Berlin"] };

const invoice = {
  number: "2026-0815",
  date: "21 November 2026",
  currency: "EUR",
  from: party,
  to: { name: "Łukasz Żółć", address: ["Αθήνα", "Москва"] },
  positions: [
    { description: "Survey", quantity: 3, unit: "h", unitPrice: 0.335, taxRate: 19 },
    { description: "Book", quantity: 1, unitPrice: 10, taxRate: 7 },
  ],
};

describe("generating an invoice", { timeout: 60_000 }, () => {
  test("adds up, in any alphabet", async ({ start, submitPdf, done, fetchFile }) => {
    await start(pdfTask);
    const jobId = await submitPdf(
      { data: invoice },
      { operation: "generate", template: "invoice" },
    );
    const { result } = await done(jobId);

    expect(result).toMatchObject({ pages: 1, title: "Invoice 2026-0815" });
    expect(result.files.map(({ name }) => name)).toEqual(["invoice.pdf"]);
    const { path } = await fetchFile(result, "invoice.pdf");
    const [text = ""] = await textOf(path);
    for (const part of ["Müller & Söhne", "Straße 1", "Łukasz Żółć", "Αθήνα", "Москва"])
      expect(text).toContain(part);
    // 3 × 0.335 is 1.005, which is rounded before it is added; the tax of each rate likewise.
    expect(text).toMatch(/Net +€11\.01/);
    expect(text).toMatch(/Tax 7 % +€0\.70/);
    expect(text).toMatch(/Tax 19 % +€0\.19/);
    expect(text).toMatch(/Total +€11\.90/);
    expect(await run("pdfinfo", [path])).toMatch(/Title: +Invoice 2026-0815/);
    expect(await run("pdffonts", [path])).toMatch(/DejaVuSans +.* yes yes yes/);
  });

  test("goes on over pages, with head and number on each", async ({
    start,
    submitPdf,
    done,
    fetchFile,
  }) => {
    await start(pdfTask);
    const [position] = invoice.positions;
    const positions = Array.from({ length: 100 }, (_, i) => ({
      ...position,
      description: `Item ${i + 1}.`,
    }));
    const jobId = await submitPdf(
      { data: { ...invoice, positions } },
      { operation: "generate", template: "invoice" },
    );
    const { result, progress } = await done(jobId);

    const pages = await textOf((await fetchFile(result, "invoice.pdf")).path);
    expect(pages.length).toBe(result.pages);
    expect(pages.length).toBeGreaterThan(2);
    for (const [i, text] of pages.entries()) {
      expect(text).toContain("Description");
      expect(text).toContain(`${i + 1} of ${pages.length}`);
    }
    const items = Array.from(pages.join("\n").matchAll(/Item (\d+)\./g), ([, number]) => number);
    expect(items.map(Number)).toEqual(positions.map((_, i) => i + 1));
    expect(progress.at(-1)?.step).toBe("saving");
  });
});

describe("generating an incident report", { timeout: 60_000 }, () => {
  test("draws text, tables and pictures, and breaks what is longer than a page", async ({
    start,
    submitPdf,
    done,
    fetchFile,
  }) => {
    await start(pdfTask);
    const data = {
      title: "Water damage",
      date: "20 November 2026",
      summary: "Water came in.",
      sections: [{ title: "Course", text: "First.\nThen." }],
      tables: [
        {
          title: "Items",
          columns: ["Item", "Remark"],
          rows: [
            ["Chair", "wet"],
            ["Carpet", `${"long ".repeat(1500)}end`],
            ["x".repeat(300), "last"],
          ],
        },
      ],
      pictures: [{ caption: "The door", image: await dataUri() }],
    };
    const jobId = await submitPdf({ data }, { operation: "generate", template: "incident-report" });
    const { result } = await done(jobId);

    const { path } = await fetchFile(result, "incident-report.pdf");
    const pages = await textOf(path);
    expect(pages.length).toBeGreaterThan(2);
    const text = pages.join("\n");
    expect(text.match(/long/g)).toHaveLength(1500);
    expect(text.match(/x/g)).toHaveLength(300);
    expect(text.match(/Remark/g)?.length).toBeGreaterThan(2);
    expect(text).toContain("The door");
    expect((await run("pdfimages", ["-list", path])).split("\n")).toHaveLength(4);
  });

  test("ends although a head is higher than a page", async ({ start, submitPdf, done }) => {
    await start(pdfTask);
    const tables = [{ title: "Tall", columns: ["\n".repeat(200)], rows: [["a cell"]] }];
    const report = { title: "Tall", date: "today", summary: "", tables };
    const jobId = await submitPdf(
      { data: report },
      { operation: "generate", template: "incident-report" },
    );
    expect((await done(jobId)).result.pages).toBeLessThan(4);
  });

  test("says which picture is none", async ({ start, line, submitPdf }) => {
    await start(pdfTask);
    const image = `data:image/png;base64,${Buffer.from("no picture").toString("base64")}`;
    const data = {
      title: "A",
      date: "B",
      summary: "C",
      pictures: [{ caption: "Roof", image }],
    };
    const jobId = await submitPdf({ data }, { operation: "generate", template: "incident-report" });
    expect((await line.outcome(jobId, "pdf")).failure).toEqual({
      code: "input_corrupt",
      message: "The picture “Roof” cannot be read",
      run: 1,
    });
    expect(await line.files()).toEqual([]);
  });
});

async function dataUri(): Promise<string> {
  const create = { width: 60, height: 40, channels: 3, background: "#c33" } as const;
  const picture = await sharp({ create }).jpeg().toBuffer();
  return `data:image/jpeg;base64,${picture.toString("base64")}`;
}
