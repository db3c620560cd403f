import { readdir } from "node:fs/promises";
import { describe, expect, vi } from "vitest";
import type { PdfOptions } from "../../src/contract/job-types/pdf.ts";
import { isAlive } from "../support/is-alive.ts";
import { killChild } from "../support/kill-child.ts";
import { pdfTask, test } from "../support/pdf-jobs.ts";
import { pdf } from "../support/pdfs.ts";
import { manyPages } from "../support/raw-pdf.ts";

type Given = Buffer | Buffer[] | { data: unknown };

interface Kind {
  what: string;
  options: PdfOptions;
  given: () => Given | Promise<Given>;
  /** What has been told when the child is killed. */
  step: string;
}

const summary = "Water came in through the door. ".repeat(200);

const KINDS: Kind[] = [
  {
    what: "extracting",
    options: { operation: "extract", pictures: 20 },
    given: () => pdf(20),
    step: "picture ",
  },
  {
    what: "splitting",
    options: { operation: "split", ranges: Array.from({ length: 50 }, (_, i) => `1-${i + 150}`) },
    given: () => manyPages(200),
    step: "file ",
  },
  {
    what: "merging",
    options: { operation: "merge" },
    given: () => Array.from({ length: 10 }, () => manyPages(300)),
    step: "file ",
  },
  {
    what: "generating",
    options: { operation: "generate", template: "incident-report" },
    given: () => ({ data: { title: "Water", date: "today", summary } }),
    step: "page 1",
  },
  {
    what: "printing",
    options: { operation: "generate", html: `<title>A</title>${"<p>line</p>".repeat(10_000)}` },
    given: () => ({ data: {} }),
    step: "laying out",
  },
];

describe("a PDF job whose child is killed", { timeout: 60_000 }, () => {
  test.for(KINDS)(
    "while $what is done by another, and nothing of the first is left",
    async ({ options, given, step }, { start, submitPdf, done, line, folder }) => {
      await start(pdfTask);
      const jobId = await submitPdf(await given(), options);
      await vi.waitFor(
        async () => expect(JSON.stringify(await line.told(jobId, "pdf"))).toContain(step),
        { timeout: 15_000, interval: 5 },
      );
      const lost = await killChild();

      const { events, result } = await done(jobId);

      expect(events.filter(({ event }) => event === "active")).toHaveLength(2);
      expect(result.files.every(({ key }) => key.startsWith(`jobs/${jobId}/2/`))).toBe(true);
      await vi.waitFor(() => expect(lost.filter(isAlive)).toEqual([]));
      const left = (await line.files()).filter((path) => !path.startsWith("files/uploads/"));
      expect(left.toSorted()).toEqual(result.files.map(({ key }) => `files/${key}`).toSorted());
      expect(await readdir(folder)).toHaveLength(2);
    },
  );
});
