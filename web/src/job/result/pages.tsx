import type { ResultFile } from "@jobcast/client";
import { useState } from "react";
import { IconButton } from "../../ui/button.tsx";
import { OpenIcon, PdfIcon } from "../../ui/icons.tsx";
import { Picture } from "../picture.tsx";
import { usePageTexts } from "./use-page-texts.ts";

export interface PagesProps {
  jobId: string;
  pictures: readonly ResultFile[];
  texts: ResultFile | undefined;
}

/** A page at a time: its picture, and its text beside or below. */
export function Pages({ jobId, pictures, texts }: PagesProps) {
  const [index, setIndex] = useState(0);
  const { text, note } = usePageTexts(texts);
  const picture = pictures[index];
  if (picture === undefined) return null;
  const words = text(index + 1);
  return (
    <div className="panel overflow-hidden">
      <div className="flex items-center gap-1 border-b border-line px-2 py-1">
        <IconButton label="Page before" disabled={index === 0} onClick={() => setIndex(index - 1)}>
          <OpenIcon className="size-4 rotate-180" />
        </IconButton>
        <p aria-live="polite" className="flex-1 text-center">
          Page {index + 1} of {pictures.length}
        </p>
        <IconButton
          label="Next page"
          disabled={index === pictures.length - 1}
          onClick={() => setIndex(index + 1)}
        >
          <OpenIcon />
        </IconButton>
      </div>
      <div className="grid sm:grid-cols-2">
        <a
          href={picture.url}
          target="_blank"
          rel="noreferrer"
          className="grid min-h-60 place-items-center bg-hover p-3 -outline-offset-2"
        >
          <Picture
            key={picture.name}
            jobId={jobId}
            file={picture}
            alt={`Page ${index + 1}`}
            className="max-h-96 max-w-full bg-white shadow-sm"
            otherwise={<PdfIcon className="size-6 text-quiet" />}
          />
        </a>
        <div
          tabIndex={0}
          role="region"
          aria-label={`Text of page ${index + 1}`}
          className="max-h-[25.5rem] overflow-y-auto p-3 text-[0.8125rem] whitespace-pre-wrap wrap-anywhere -outline-offset-2 max-sm:border-t max-sm:border-line"
        >
          {words ?? <span className="text-quiet">{note}</span>}
        </div>
      </div>
    </div>
  );
}
