import { buffer } from "node:stream/consumers";
import PDFKit from "pdfkit";
import { type FontName, registerFonts } from "./fonts.ts";
import { type Column, drawTable } from "./table.ts";
import { drawPicture } from "./picture.ts";

/** What templates draw with: from top to bottom, over as many pages as it takes. Distances are points (1/72 inch). */
export interface Paper {
  /** Between the margins. */
  width: number;
  /** Begins a page unless so many points are left for what follows: 50 unless given. */
  heading(text: string, room?: number): void;
  text(text: string, style?: TextStyle): void;
  /** Names and what they are, one below the other. */
  facts(facts: [name: string, value: string][]): void;
  /** Its head is repeated on every page that it reaches; rows longer than a page go on on the next. */
  table(columns: Column[], rows: string[][]): void;
  /** PNG or JPEG, by whatever name. Fails with `input_corrupt` for what is no picture. */
  picture(image: Uint8Array, caption: string): Promise<void>;
  space(points: number): void;
  /** Begins a page unless so much room is left. */
  reserve(points: number): void;
}

export interface TextStyle {
  font?: FontName;
  size?: number;
  colour?: string;
  align?: "left" | "right" | "center";
}

export interface FinishedPaper {
  pages: number;
  content: Buffer;
}

export interface PaperOptions {
  title: string;
  /** From 1. */
  onPage: (page: number) => void;
}

export type Drawing = InstanceType<typeof PDFKit>;

const MARGIN = 56;
const FOOTER_AT = 36;
const INK = "#1c2430";
const FAINT = "#667080";

export function createPaper({ title, onPage }: PaperOptions): Paper & {
  finish(): Promise<FinishedPaper>;
} {
  const drawing: Drawing = new PDFKit({
    size: "A4",
    margin: MARGIN,
    // The numbers at the foot say how many pages there are.
    bufferPages: true,
    autoFirstPage: false,
    info: { Title: title, Creator: "Jobcast" },
    lang: "en",
  });
  const content = buffer(drawing);
  let pages = 0;
  registerFonts(drawing);
  drawing.on("pageAdded", () => onPage((pages += 1)));
  drawing.addPage();

  const paper: Paper = {
    width: drawing.page.width - 2 * MARGIN,
    text(text, { font = "normal", size = 10, colour = INK, align = "left" } = {}) {
      drawing.font(font).fontSize(size).fillColor(colour);
      drawing.text(text, MARGIN, drawing.y, { width: paper.width, align, lineGap: 2 });
    },
    heading(text, room = 50) {
      paper.reserve(34 + room);
      paper.space(12);
      paper.text(text, { font: "bold", size: 13 });
      paper.space(4);
    },
    facts(facts) {
      drawTable(
        drawing,
        [
          { title: "", width: 0.28, font: "bold" },
          { title: "", width: 0.72 },
        ],
        facts,
        { left: MARGIN, width: paper.width, hasHead: false },
      );
    },
    table: (columns, rows) =>
      drawTable(drawing, columns, rows, { left: MARGIN, width: paper.width, hasHead: true }),
    picture: (image, caption) => drawPicture(drawing, paper, image, caption),
    space(points) {
      drawing.y += points;
    },
    reserve(points) {
      if (drawing.y + points > drawing.page.maxY()) drawing.addPage();
    },
  };

  return {
    ...paper,
    async finish() {
      for (let i = 0; i < pages; i += 1) drawFooter(drawing, i, pages, title);
      drawing.end();
      return { pages, content: await content };
    },
  };
}

function drawFooter(drawing: Drawing, index: number, pages: number, title: string): void {
  drawing.switchToPage(index);
  const { page } = drawing;
  // Below the margin, where text would otherwise begin a page of its own.
  page.margins.bottom = 0;
  const width = page.width - 2 * MARGIN;
  const y = page.height - FOOTER_AT;
  drawing.font("normal").fontSize(8).fillColor(FAINT);
  drawing.text(title, MARGIN, y, { width: width * 0.75, height: 12, ellipsis: true });
  drawing.text(`${index + 1} of ${pages}`, MARGIN, y, { width, align: "right" });
}
