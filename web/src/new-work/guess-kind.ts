import type { Kind } from "../job/kinds.ts";

const ENDINGS: Record<string, Kind> = {
  heic: "image",
  heif: "image",
  avif: "image",
  pdf: "pdf",
  opus: "transcription",
  flac: "transcription",
  m4a: "transcription",
  mkv: "transcription",
  json: "analysis",
  md: "analysis",
};

/** What to do with a file, by its type, or by its name where the browser knows no type; `undefined` for what nobody can guess. */
export function guessKind({ name, type }: Pick<File, "name" | "type">): Kind | undefined {
  if (type === "application/pdf") return "pdf";
  if (type === "image/svg+xml") return undefined;
  const [group] = type.split("/");
  if (group === "image") return "image";
  if (group === "audio" || group === "video") return "transcription";
  if (group === "text") return "analysis";
  return ENDINGS[name.split(".").at(-1)?.toLowerCase() ?? ""];
}
