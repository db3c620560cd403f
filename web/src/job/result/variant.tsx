import type { ResultFile } from "@jobcast/client";
import { useState } from "react";
import { formatBytes } from "../../format/bytes.ts";
import { DownloadIcon, ImageIcon } from "../../ui/icons.tsx";
import { Picture } from "../picture.tsx";

/** One picture that was made, with its size in pixels and on disk. */
export function Variant({ jobId, file }: { jobId: string; file: ResultFile }) {
  const [size, setSize] = useState<string>();
  return (
    <figure className="panel overflow-hidden">
      <a
        href={file.url}
        target="_blank"
        rel="noreferrer"
        className="grid h-40 place-items-center bg-hover p-2 -outline-offset-2"
      >
        <Picture
          jobId={jobId}
          file={file}
          alt={file.name}
          loading="lazy"
          className="max-h-36 max-w-full object-contain"
          otherwise={<ImageIcon className="size-6 text-quiet" />}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setSize(`${naturalWidth} × ${naturalHeight} px`)
          }
        />
      </a>
      <figcaption className="flex items-center gap-2 border-t border-line py-1.5 pr-1.5 pl-3">
        <div className="min-w-0 flex-1">
          <p className="truncate font-medium">{file.name}</p>
          <p className="truncate text-[0.8125rem] text-quiet">
            {size !== undefined && `${size} · `}
            {formatBytes(file.bytes)}
          </p>
        </div>
        <a
          href={file.url}
          download={file.name}
          aria-label={`Download ${file.name}`}
          title={`Download ${file.name}`}
          className="grid size-9 place-items-center rounded-md text-quiet hover:bg-hover hover:text-ink"
        >
          <DownloadIcon />
        </a>
      </figcaption>
    </figure>
  );
}
