import type { Job } from "@jobcast/client";
import { AnalysisIcon, ImageIcon, PdfIcon, SoundIcon, WorkIcon } from "../ui/icons.tsx";

/** The kinds of work that this page hands in. */
export const KINDS = ["image", "pdf", "transcription", "analysis"] as const;
export type Kind = (typeof KINDS)[number];

const LABELS: Record<string, string> = {
  image: "Image",
  pdf: "PDF",
  transcription: "Transcription",
  analysis: "Analysis",
  external: "External",
};

const ICONS: Record<string, typeof WorkIcon> = {
  image: ImageIcon,
  pdf: PdfIcon,
  transcription: SoundIcon,
  analysis: AnalysisIcon,
};

/** Of a type of somebody's own, its name. */
export const labelOfKind = (type: string): string => LABELS[type] ?? type;

export const iconOfKind = (type: string): typeof WorkIcon => ICONS[type] ?? WorkIcon;

/** What people call this job: its file, or what the page called it when it handed it in. */
export const nameOfJob = ({ input, metadata, type }: Job): string =>
  input.name ?? metadata["name"] ?? labelOfKind(type);
