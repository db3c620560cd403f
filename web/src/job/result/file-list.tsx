import type { Job } from "@jobcast/client";
import { formatBytes } from "../../format/bytes.ts";
import { DownloadIcon } from "../../ui/icons.tsx";
import { filesOf } from "../result-files.ts";

/** A document of a hundred pages has as many pictures. */
const FIRST = 6;

export function FileList({ job }: { job: Job }) {
  const files = filesOf(job);
  if (files.length === 0) return null;
  const row = (file: (typeof files)[number]) => (
    <li key={file.name}>
      <a
        href={file.url}
        download={file.name}
        className="flex items-center gap-3 px-3 py-2 -outline-offset-2 hover:bg-hover"
      >
        <span className="min-w-0 flex-1 truncate">{file.name}</span>
        <span className="text-quiet">{formatBytes(file.bytes)}</span>
        <DownloadIcon className="size-4 text-quiet" />
      </a>
    </li>
  );
  const rest = files.slice(FIRST);
  return (
    <section>
      <h3 className="font-medium">Files</h3>
      <div className="panel mt-2 overflow-hidden">
        <ul className="divide-y divide-line">{files.slice(0, FIRST).map(row)}</ul>
        {rest.length > 0 && (
          <details className="border-t border-line">
            <summary className="px-3 py-2 text-quiet -outline-offset-2 hover:bg-hover">
              {rest.length} more
            </summary>
            <ul className="divide-y divide-line border-t border-line">{rest.map(row)}</ul>
          </details>
        )}
      </div>
    </section>
  );
}
