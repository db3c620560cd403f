import PDFDocument from "pdfkit";
import type { Page } from "playwright-core";
import { buffer } from "node:stream/consumers";
import { describe, expect } from "vitest";
import { choose, makePicture, type TestFile } from "./support/files.ts";
import { rowOf, shows } from "./support/list.ts";
import { handIn } from "./support/work.ts";
import { someone, test } from "./support/world.ts";

const MARKUP = `<img src=x onerror="alert(1)"><script>alert(2)</script><b>bold</b>`;

describe("markup from outside", () => {
  test("stays text in names, steps and messages", async ({ world, visit }) => {
    const ada = someone();
    const page = await visit({ user: ada });
    const dialogs = countDialogs(page);
    const work = await handIn(world, ada, MARKUP);
    await work.progress(10, MARKUP);
    const row = rowOf(page, MARKUP);
    await shows(row, MARKUP);
    await work.fail(MARKUP);
    await shows(row, "Failed");
    await row.getByRole("link").click();
    await shows(page.getByRole("dialog"), MARKUP);
    expect(await elementsOf(page)).toEqual([]);
    expect(dialogs()).toBe(0);
  });

  test("stays text in names of files", async ({ visit }) => {
    const page = await visit({ user: someone() });
    const dialogs = countDialogs(page);
    // A slash would end the name.
    const name = `${MARKUP.replaceAll("/", "")}.jpg`;
    await choose(page, await makePicture(name));
    await shows(page, name);
    await page.getByRole("button", { name: "Send 1 file" }).click();
    await shows(rowOf(page, name), "Done");
    expect(await elementsOf(page)).toEqual([]);
    expect(dialogs()).toBe(0);
  });

  test("stays text in what is read out of a PDF", async ({ visit }) => {
    const page = await visit({ user: someone() });
    const dialogs = countDialogs(page);
    await choose(page, await makePdf("odd.pdf", MARKUP));
    await page.getByRole("button", { name: "Send 1 file" }).click();
    await shows(rowOf(page, "odd.pdf"), "Done");
    await rowOf(page, "odd.pdf").getByRole("link").click();
    await shows(page.getByRole("dialog"), MARKUP);
    expect(await elementsOf(page)).toEqual([]);
    expect(dialogs()).toBe(0);
  });
});

function countDialogs(page: Page): () => number {
  let count = 0;
  page.on("dialog", (dialog) => {
    count += 1;
    void dialog.dismiss();
  });
  return () => count;
}

/** What the markup would have become. The page draws nothing bold by that element, and none of its scripts has words in it. */
const elementsOf = (page: Page): Promise<string[]> =>
  page
    .locator('img[src="x"], b, script:not([src])')
    .evaluateAll((all) => all.map((one) => one.outerHTML));

async function makePdf(name: string, title: string): Promise<TestFile> {
  const pdf = new PDFDocument({ info: { Title: title } });
  pdf.text(title);
  pdf.end();
  return { name, type: "application/pdf", bytes: await buffer(pdf) };
}
