import { once } from "node:events";
import { createServer } from "node:http";
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, vi } from "vitest";
import sharp from "sharp";
import { isAlive } from "../support/is-alive.ts";
import { pdfTask, test as base } from "../support/pdf-jobs.ts";
import { run, textOf } from "../support/pdfs.ts";

/** A server on this machine, and how often anyone came. */
const test = base.extend("eavesdropper", async ({}, { onCleanup }) => {
  let visits = 0;
  const server = createServer((_request, response) => response.end("secret of the inside"));
  server.on("connection", () => (visits += 1));
  await once(server.listen(0), "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  onCleanup(() => void server.close());
  return { host: `127.0.0.1:${port}`, localhost: `localhost:${port}`, visits: () => visits };
});

const hostile = (host: string): string => `<!doctype html><title>Report</title>
<meta http-equiv="refresh" content="0;url=http://${host}/refresh">
<link rel="dns-prefetch" href="//${host}"><link rel="preconnect" href="http://${host}">
<link rel="prefetch" href="http://${host}/prefetch"><link rel="stylesheet" href="http://${host}/css">
<link rel="icon" href="http://${host}/icon"><link rel="manifest" href="http://${host}/manifest">
<style>@import "http://${host}/import.css"; @import "file:///etc/passwd";
@font-face { font-family: x; src: url(http://${host}/font) } body { font-family: x; background: url(http://${host}/bg) }</style>
<h1>Readable</h1><img src="http://${host}/img"><img src="file:///etc/passwd">
<iframe src="http://${host}/frame"></iframe><iframe src="file:///etc/passwd" width="500" height="300"></iframe>
<iframe srcdoc="<iframe src='http://${host}/inner'></iframe><img src='http://${host}/innerimg'>"></iframe>
<object data="file:///etc/passwd" type="text/plain"></object><embed src="file:///etc/passwd" type="text/plain">
<object data="http://${host}/object"></object><video src="http://${host}/video" autoplay></video>
<svg><image href="http://${host}/svg"/><use href="http://${host}/use#a"/></svg><a href="http://${host}/ping" ping="http://${host}/ping">link</a>
<script>document.body.append("script ran"); fetch("http://${host}/fetch"); new WebSocket("ws://${host}/ws");
navigator.serviceWorker?.register("http://${host}/sw.js"); location = "file:///etc/passwd";</script>
<img src="x" onerror="document.body.append('handler ran')"><p style="break-before: page">Second</p>`;

describe("printing HTML", { timeout: 60_000 }, () => {
  test("gives pages with the page's own title, style, pictures and paper", async ({
    start,
    submitPdf,
    done,
    fetchFile,
  }) => {
    await start(pdfTask);
    const create = { width: 40, height: 40, channels: 3, background: "#cc2211" } as const;
    const picture = (await sharp({ create }).png().toBuffer()).toString("base64");
    const html = `<title>Zażółć</title><style>@page { size: 400pt 300pt } p { break-before: page }</style>
      <h1>Łódź ß é Αθήνα Москва</h1><img src="data:image/png;base64,${picture}"><p>Second</p>`;

    const { result } = await done(await submitPdf({ data: {} }, { operation: "generate", html }));

    expect(result).toMatchObject({ pages: 2, title: "Zażółć" });
    const { path } = await fetchFile(result, "page.pdf");
    expect(await textOf(path)).toEqual(["Łódź ß é Αθήνα Москва", "Second"]);
    expect(await run("pdfinfo", [path])).toMatch(/Page size: +400(\.\d+)? x 300/);
    expect((await run("pdfimages", ["-list", path])).split("\n")).toHaveLength(4);
  });

  test("reaches no network and no file, and runs no script", async ({
    start,
    submitPdf,
    done,
    fetchFile,
    eavesdropper,
  }) => {
    await start(pdfTask);
    for (const host of [eavesdropper.host, eavesdropper.localhost]) {
      const jobId = await submitPdf({ data: {} }, { operation: "generate", html: hostile(host) });
      const { result } = await done(jobId);
      const text = (await textOf((await fetchFile(result, "page.pdf")).path)).join("\n");
      expect(text).toContain("Readable");
      expect(text).toContain("Second");
      expect(text).not.toMatch(/root:|ran|secret of the inside/);
    }
    expect(eavesdropper.visits()).toBe(0);
  });

  test("says when there is no browser", async ({ start, line, submitPdf, folder }) => {
    await start({ ...pdfTask, path: folder, task: { ...pdfTask.task, maxAttempts: 1 } });
    const jobId = await submitPdf({ data: {} }, { operation: "generate", html: "<p>" });
    await vi.waitFor(
      async () => {
        const told = await line.told(jobId, "pdf");
        expect(JSON.stringify(told)).toContain("There is no Chromium here to print HTML with");
        expect(JSON.stringify(told)).toContain("engine_unavailable");
      },
      { timeout: 15_000 },
    );
  });

  test("has no title when the page has none", async ({ start, submitPdf, done }) => {
    await start(pdfTask);
    const jobId = await submitPdf({ data: {} }, { operation: "generate", html: "<p>A</p>" });
    expect((await done(jobId)).result).toMatchObject({ pages: 1, title: null });
  });

  test.for(["browser", "renderer"] as const)(
    "fails at once when its %s dies while the page loads",
    async (which, { start, line, folder }) => {
      await start(pdfTask);
      // Set in a moment, and loaded in hours.
      const frame = `<table>${"<table><tr><td>".repeat(3000)}`.repeat(5);
      const html = `<p>A</p><iframe srcdoc="${frame}"></iframe>`;
      const jobId = await line.add({
        type: "pdf",
        input: { data: {} },
        options: { operation: "generate", html },
        maxAttempts: 1,
      });
      const pid = await vi.waitFor(
        async () => {
          expect(JSON.stringify(await line.told(jobId, "pdf"))).toContain("laying out");
          const [found] = await browsersBelow(folder, which);
          if (found === undefined) throw new Error(`There is no ${which}`);
          return found;
        },
        { timeout: 15_000 },
      );
      process.kill(pid, "SIGKILL");

      expect((await line.outcome(jobId, "pdf")).failure).toMatchObject({ code: "internal" });
      expect(await line.files()).toEqual([]);
    },
  );

  test.for(["cancelled", "timeout"])(
    "leaves no browser when it is %s",
    { timeout: 60_000 },
    async (how, { start, submitPdf, line, folder }) => {
      // Enough for a browser to start beside the other tests: what is to be timed out is its work.
      const timeoutMs = how === "timeout" ? 10_000 : 60_000;
      await start({ ...pdfTask, task: { ...pdfTask.task, timeoutMs } });
      // Hours of work for the layout.
      const html = `<table>${"<table><tr><td>".repeat(3000)}`.repeat(5);
      const jobId = await submitPdf({ data: {} }, { operation: "generate", html });
      const pids = await vi.waitFor(
        async () => {
          const found = await browsersBelow(folder);
          expect(found.length).toBeGreaterThan(2);
          expect(JSON.stringify(await line.told(jobId, "pdf"))).toContain("laying out");
          return found;
        },
        { timeout: 30_000 },
      );
      if (how === "cancelled") await line.cancel(jobId);

      expect((await line.outcome(jobId, "pdf")).failure).toMatchObject({ code: how });
      await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]));
      expect(await line.files()).toEqual([]);
    },
  );
});

/** Processes of browsers whose profile is below a folder; of one kind, if need be. */
async function browsersBelow(folder: string, which?: "browser" | "renderer"): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  const isWanted = (line: string): boolean => {
    if (!line.includes(`${folder}/`)) return false;
    const [, type = "browser"] = /--type=([\w-]+)/.exec(line) ?? [];
    return which === undefined || type === which;
  };
  return pids.filter((_, i) => isWanted(lines[i] ?? "")).map(Number);
}
