import type { ResultFile } from "@jobcast/client";
import { useQuery } from "@tanstack/react-query";

/** More than that is for downloading, not for a page to hold. */
const MAX_BYTES = 4_000_000;

export interface PageTexts {
  /** Of a page, counted from 1. */
  text(page: number): string | undefined;
  /** Stands where there is no text. */
  note: string;
}

export function usePageTexts(file: ResultFile | undefined): PageTexts {
  const isReadable = file !== undefined && file.bytes <= MAX_BYTES;
  const { data, isError } = useQuery({
    queryKey: ["pages", file?.url.split("?")[0]],
    enabled: isReadable,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => {
      const response = await fetch(file?.url ?? "", { signal });
      if (!response.ok) throw new Error(`${response.status}`);
      return toTexts(await response.json());
    },
  });
  const missing = isReadable
    ? "Reading the text…"
    : "The text is too long to be shown here. It is among the files.";
  const empty = "There is no text on this page.";
  const failed = "The text could not be read.";
  return {
    text: (page) => data?.get(page) || undefined,
    note: isError ? failed : data === undefined ? missing : empty,
  };
}

function toTexts(document: unknown): Map<number, string> {
  const texts = new Map<number, string>();
  if (typeof document !== "object" || document === null || !("pages" in document)) return texts;
  if (!Array.isArray(document.pages)) return texts;
  for (const one of document.pages) {
    const { page, text }: { page?: unknown; text?: unknown } = one ?? {};
    if (typeof page === "number" && typeof text === "string") texts.set(page, text);
  }
  return texts;
}
