import { extname } from "node:path/posix";

/** By the extension of a stored name. `true`: a browser shows it and can run nothing in it. */
const TYPES: Record<string, readonly [contentType: string, isInert: boolean]> = {
  ".avif": ["image/avif", true],
  ".gif": ["image/gif", true],
  ".heic": ["image/heic", true],
  ".jpeg": ["image/jpeg", true],
  ".jpg": ["image/jpeg", true],
  ".png": ["image/png", true],
  ".tif": ["image/tiff", true],
  ".tiff": ["image/tiff", true],
  ".webp": ["image/webp", true],
  ".svg": ["image/svg+xml", false],
  ".pdf": ["application/pdf", true],
  ".aac": ["audio/aac", true],
  ".flac": ["audio/flac", true],
  ".m4a": ["audio/mp4", true],
  ".mp3": ["audio/mpeg", true],
  ".ogg": ["audio/ogg", true],
  ".wav": ["audio/wav", true],
  ".mov": ["video/quicktime", true],
  ".mp4": ["video/mp4", true],
  ".webm": ["video/webm", true],
  ".srt": ["application/x-subrip; charset=utf-8", false],
  ".txt": ["text/plain; charset=utf-8", true],
  ".vtt": ["text/vtt; charset=utf-8", false],
  ".csv": ["text/csv; charset=utf-8", false],
  ".html": ["text/html; charset=utf-8", false],
  ".json": ["application/json", false],
  ".xml": ["application/xml", false],
  ".zip": ["application/zip", false],
};

export interface Presentation {
  contentType: string;
  /** Whether a browser may show it in its place, rather than save it. */
  isInline: boolean;
}

export function presentationOf(name: string): Presentation {
  const [contentType, isInline] = TYPES[extname(name).toLowerCase()] ?? [
    "application/octet-stream",
    false,
  ];
  return { contentType, isInline };
}
