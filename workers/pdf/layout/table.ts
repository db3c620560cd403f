import type { FontName } from "./fonts.ts";
import type { Drawing } from "./paper.ts";
import { wrap } from "./wrap.ts";

export interface Column {
  title: string;
  /** A share of the table's width; those of all columns add up to 1. */
  width: number;
  align?: "left" | "right";
  font?: FontName;
}

interface Place {
  left: number;
  width: number;
  hasHead: boolean;
}

interface Cell extends Required<Pick<Column, "align" | "font">> {
  left: number;
  width: number;
  lines: string[];
}

const SIZE = 9;
const LINE = 12.5;
const PADDING = 4;
const GAP = 8;
/** Of a page there must be room for rows below the head, or the table would never end. */
const MAX_HEAD_LINES = 40;
const RULE = "#c8ced6";
const HEAD = "#eef1f5";
const INK = "#1c2430";

/** Draws from where the drawing stands; afterwards it stands below the table. */
export function drawTable(
  drawing: Drawing,
  columns: Column[],
  rows: string[][],
  place: Place,
): void {
  const head = place.hasHead ? toHead(drawing, columns, place) : [];
  const headHeight = head.length === 0 ? 0 : heightOf(linesOf(head));
  const drawHead = () => {
    if (head.length > 0)
      drawRow(drawing, head, place, { from: 0, count: linesOf(head), fill: HEAD });
  };
  const room = () => Math.floor((drawing.page.maxY() - drawing.y - 2 * PADDING) / LINE);

  const [first = []] = rows;
  const firstLines = Math.min(3, linesOf(toCells(drawing, columns, first, place)));
  // A head does not stand alone at the foot of a page.
  if (drawing.y + headHeight + heightOf(firstLines) > drawing.page.maxY()) drawing.addPage();
  drawHead();
  for (const row of rows) {
    const cells = toCells(drawing, columns, row, place);
    const lines = linesOf(cells);
    let from = 0;
    while (from < lines) {
      const left = lines - from;
      // Rows stay whole where they can: on a page of their own.
      const isBroken = room() < left && (from > 0 || lines > linesOfPage(drawing, headHeight));
      if (room() < (isBroken ? 1 : left)) {
        drawing.addPage();
        drawHead();
      }
      const count = Math.min(left, room());
      drawRow(drawing, cells, place, { from, count });
      from += count;
    }
  }
}

const toTitle = (column: Column): Column => ({ ...column, font: "bold" });

function toHead(drawing: Drawing, columns: Column[], place: Place): Cell[] {
  const titles = columns.map(({ title }) => title);
  return toCells(drawing, columns.map(toTitle), titles, place).map((cell) => ({
    ...cell,
    lines: cell.lines.slice(0, MAX_HEAD_LINES),
  }));
}

function toCells(
  drawing: Drawing,
  columns: Column[],
  row: string[],
  { left, width }: Place,
): Cell[] {
  let x = left;
  return columns.map((column, i) => {
    const { align = "left", font = "normal" } = column;
    const cell = { left: x, width: column.width * width - GAP, align, font };
    x += column.width * width;
    drawing.font(font).fontSize(SIZE);
    const measure = (text: string) => drawing.widthOfString(text);
    return { ...cell, lines: wrap(row[i] ?? "", cell.width, measure) };
  });
}

const linesOf = (cells: Cell[]): number => Math.max(1, ...cells.map(({ lines }) => lines.length));
const heightOf = (lines: number): number => lines * LINE + 2 * PADDING;

function linesOfPage({ page }: Drawing, headHeight: number): number {
  return Math.floor((page.maxY() - page.margins.top - headHeight - 2 * PADDING) / LINE);
}

/** Lines `from` to `from + count` of all cells, with a rule below. */
function drawRow(
  drawing: Drawing,
  cells: Cell[],
  { left, width }: Place,
  { from, count, fill }: { from: number; count: number; fill?: string },
): void {
  const top = drawing.y;
  const bottom = top + heightOf(count);
  if (fill !== undefined) drawing.rect(left, top, width, bottom - top).fill(fill);
  for (const cell of cells) {
    drawing.font(cell.font).fontSize(SIZE).fillColor(INK);
    for (const [i, line] of cell.lines.slice(from, from + count).entries()) {
      const options = { width: cell.width, align: cell.align, lineBreak: false };
      const x =
        cell.align === "right" ? cell.left + cell.width - drawing.widthOfString(line) : cell.left;
      drawing.text(line, x + PADDING, top + PADDING + i * LINE, { ...options, align: "left" });
    }
  }
  drawing
    .moveTo(left, bottom)
    .lineTo(left + width, bottom)
    .lineWidth(0.5)
    .stroke(RULE);
  drawing.x = left;
  drawing.y = bottom;
}
