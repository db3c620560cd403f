import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

export interface Page {
  html: string;
  /** Good for this one answer: style elements that carry it are let in. */
  nonce: string;
}

export type ReadPage = () => Promise<Page | undefined>;

/** Reads the document anew each time, so that a page built meanwhile is given out whole; `undefined` until there is one. */
export function createReadPage(
  folder: string,
  { hasDevRoutes }: { hasDevRoutes: boolean },
): ReadPage {
  const path = join(folder, "index.html");
  return async () => {
    const text = await readFile(path, "utf8").catch(ignoreMissing);
    if (text === undefined) return undefined;
    const nonce = randomBytes(18).toString("base64");
    const html = text
      .replaceAll("%CSP_NONCE%", nonce)
      .replaceAll("%JOBCAST_DEV%", hasDevRoutes ? "yes" : "no");
    return { html, nonce };
  };
}

function ignoreMissing(thrown: unknown): undefined {
  const isMissing = thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
  if (!isMissing) throw thrown;
}

/** What the document may load: its own files alone, and results from where their links lead. */
export function createPageHeaders(
  publicUrl: string | undefined,
): (nonce: string) => Record<string, string> {
  const self = publicUrl === undefined ? "'self'" : `'self' ${new URL(publicUrl).origin}`;
  return (nonce) => ({
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": [
      "default-src 'none'",
      "script-src 'self'",
      `style-src 'self' 'nonce-${nonce}'`,
      `img-src ${self} blob: data:`,
      `media-src ${self}`,
      `connect-src ${self}`,
      "font-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
  });
}
