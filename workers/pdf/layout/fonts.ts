import { fileURLToPath } from "node:url";
import type { Drawing } from "./paper.ts";

/** DejaVu has Latin with all its marks, Greek, Cyrillic and more; what is used of it goes into the document. */
const FONTS = {
  normal: "DejaVuSans.ttf",
  bold: "DejaVuSans-Bold.ttf",
} as const;

export type FontName = keyof typeof FONTS;

export function registerFonts(drawing: Drawing): void {
  for (const [name, file] of Object.entries(FONTS))
    drawing.registerFont(name, fileURLToPath(import.meta.resolve(`dejavu-fonts-ttf/ttf/${file}`)));
}
