import type { Kind } from "../job/kinds.ts";
import { parseRanges } from "./ranges.ts";

export const IMAGE_SIZES = {
  web: { label: "Web sizes", hint: "640, 1280 and 2048 px" },
  thumbnail: { label: "Thumbnail", hint: "320 px, square" },
  full: { label: "Full size", hint: "as it is, in the new format" },
} as const;
export type ImageSize = keyof typeof IMAGE_SIZES;

export const IMAGE_FORMATS = ["webp", "avif", "jpeg"] as const;
export const TRANSCRIPT_FORMATS = ["txt", "srt", "vtt", "json"] as const;

/** What was chosen, for all files of a kind that are handed in together. */
export interface Choices {
  image: { sizes: ImageSize[]; format: (typeof IMAGE_FORMATS)[number] };
  pdf: { operation: "extract" | "split"; ranges: string; password: string };
  transcription: { formats: (typeof TRANSCRIPT_FORMATS)[number][]; language: string };
  analysis: { fields: string; prompt: string };
}

export const FIRST_CHOICES: Choices = {
  image: { sizes: ["web", "thumbnail"], format: "webp" },
  pdf: { operation: "extract", ranges: "", password: "" },
  transcription: { formats: ["txt", "srt", "vtt", "json"], language: "" },
  analysis: { fields: "", prompt: "" },
};

export type Options = { ok: true; options: object } | { ok: false; problem: string };

/** As a job takes them, or what is missing. */
export function toOptions(kind: Kind, choices: Choices): Options {
  const makers: Record<Kind, () => Options> = {
    image: () => toImageOptions(choices.image),
    pdf: () => toPdfOptions(choices.pdf),
    transcription: () => toTranscriptionOptions(choices.transcription),
    analysis: () => toAnalysisOptions(choices.analysis),
  };
  return makers[kind]();
}

function toImageOptions({ sizes, format }: Choices["image"]): Options {
  if (sizes.length === 0) return { ok: false, problem: "Choose at least one size" };
  const inside = (name: string, px: number) => ({
    name,
    width: px,
    height: px,
    fit: "inside",
    format,
  });
  const variants = {
    web: [inside("small", 640), inside("medium", 1280), inside("large", 2048)],
    thumbnail: [{ name: "thumbnail", width: 320, height: 320, fit: "cover", format }],
    full: [{ name: "full", format }],
  };
  return { ok: true, options: { variants: sizes.flatMap((size) => variants[size]) } };
}

function toPdfOptions({ operation, ranges: text, password }: Choices["pdf"]): Options {
  const key = password === "" ? {} : { password };
  if (operation === "extract") return { ok: true, options: { operation, ...key } };
  const parsed = parseRanges(text);
  if (!parsed.ok) return parsed;
  return { ok: true, options: { operation, ranges: parsed.ranges, ...key } };
}

function toTranscriptionOptions({ formats, language }: Choices["transcription"]): Options {
  if (formats.length === 0) return { ok: false, problem: "Choose at least one format" };
  const spoken = language.trim();
  if (spoken !== "" && !/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(spoken))
    return { ok: false, problem: "A language is a code, such as en or pt-BR" };
  return { ok: true, options: { formats, ...(spoken === "" ? {} : { language: spoken }) } };
}

function toAnalysisOptions({ fields: text, prompt: asked }: Choices["analysis"]): Options {
  const fields = [...new Set(text.split(/[,;\n]+/).map((name) => name.trim()))].filter(Boolean);
  const bad = fields.find((name) => !/^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,63}$/u.test(name));
  if (bad !== undefined) return { ok: false, problem: `“${bad}” cannot be the name of a field` };
  if (fields.length > 50) return { ok: false, problem: "At most 50 fields" };
  const prompt = asked.trim();
  return {
    ok: true,
    options: { ...(fields.length === 0 ? {} : { fields }), ...(prompt === "" ? {} : { prompt }) },
  };
}
