import { open } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { WorkResult } from "../../../src/contract/worker.ts";
import { WorkerError } from "../../../src/errors.ts";
import type { WorkContext } from "../../define-worker.ts";
import { withPdf } from "../document.ts";
import { launch } from "./chromium.ts";
import { type DevTools, connect } from "./devtools.ts";

/** In inches: A4, unless the page's own CSS says something else. */
const A4 = { paperWidth: 8.27, paperHeight: 11.69 };
const MARGIN = 0.4;
const CHUNK_BYTES = 1024 ** 2;
/** A few lines of CSS can make pages without end. */
const MAX_BYTES = 256 * 1024 ** 2;

/** A page as Chromium prints it, as `page.pdf`: without scripts, without network, and without files. Pictures and fonts must be in the page itself. */
export async function print(html: string, context: WorkContext): Promise<WorkResult> {
  const { tempDir, progress, save } = context;
  progress(5, "starting the browser");
  // oxlint-disable-next-line node/no-process-env -- all that a child has of it: where programs are
  const path = process.env["PATH"] ?? "";
  const browser = await launch({ folder: join(tempDir, "browser"), path });
  try {
    const devTools = connect(browser.pipe);
    const page = await openPage(devTools);
    progress(30, "laying out the page");
    await load(devTools, page, html);
    progress(50, "printing");
    const printed = join(tempDir, "page.pdf");
    await printTo(printed, devTools, page);
    const { pages, title } = await withPdf(printed, undefined, async (document) => document);
    progress(95, `saving ${pages === 1 ? "1 page" : `${pages} pages`}`);
    const files = [await save("page.pdf", createReadStream(printed))];
    // The browser calls a page that has no title by its address.
    return { pages, title: title === BLANK ? null : title, files };
  } finally {
    await browser.close();
  }
}

const BLANK = "about:blank";

/** Returns the session of an empty page that may run nothing and load nothing. */
async function openPage(devTools: DevTools): Promise<string> {
  const { targetId } = await devTools.send("Target.createTarget", { url: BLANK });
  const attached = await devTools.send("Target.attachToTarget", { targetId, flatten: true });
  const session = String(attached["sessionId"]);
  devTools.on("Fetch.requestPaused", ({ requestId }, from) => {
    devTools
      .send("Fetch.failRequest", { requestId, errorReason: "Aborted" }, from)
      // The page is gone, and its request with it.
      .catch(() => undefined);
  });
  const setUp: [method: string, params?: Record<string, unknown>][] = [
    ["Fetch.enable", { patterns: [{ urlPattern: "*" }] }],
    ["Network.enable"],
    [
      "Network.setBlockedURLs",
      { urls: ["http://*", "https://*", "file://*", "ftp://*", "ws://*"] },
    ],
    ["Emulation.setScriptExecutionDisabled", { value: true }],
    ["Page.enable"],
  ];
  for (const [method, params] of setUp) await devTools.send(method, params, session);
  return session;
}

async function load(devTools: DevTools, page: string, html: string): Promise<void> {
  const { frameTree } = await devTools.send("Page.getFrameTree", {}, page);
  const frameId = toFrameId(frameTree);
  // Listened for first: a small page has loaded before the answer comes.
  await Promise.all([
    devTools.next("Page.loadEventFired"),
    devTools.send("Page.setDocumentContent", { frameId, html }, page),
  ]);
}

function toFrameId(frameTree: unknown): string {
  if (typeof frameTree === "object" && frameTree !== null && "frame" in frameTree) {
    const { frame } = frameTree;
    if (typeof frame === "object" && frame !== null && "id" in frame) return String(frame.id);
  }
  throw new Error("The browser has no page");
}

/** Piece by piece: the browser holds the document, not we. */
async function printTo(path: string, devTools: DevTools, page: string): Promise<void> {
  const { stream: handle } = await devTools.send(
    "Page.printToPDF",
    {
      ...A4,
      marginTop: MARGIN,
      marginBottom: MARGIN,
      marginLeft: MARGIN,
      marginRight: MARGIN,
      printBackground: true,
      preferCSSPageSize: true,
      transferMode: "ReturnAsStream",
    },
    page,
  );
  await using file = await open(path, "w");
  let bytes = 0;
  for (;;) {
    const piece = await devTools.send("IO.read", { handle, size: CHUNK_BYTES }, page);
    const encoding = piece["base64Encoded"] === true ? "base64" : "latin1";
    const content = Buffer.from(String(piece["data"]), encoding);
    await file.write(content);
    bytes += content.length;
    if (bytes > MAX_BYTES)
      throw new WorkerError("input_too_large", "The page is too long to print");
    if (piece["eof"] === true) return;
  }
}
