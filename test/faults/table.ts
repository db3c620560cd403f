import { quantile } from "./checker/bounds.ts";
import type { Row } from "./round.ts";

const COLUMNS = [
  ["fault", 28],
  ["events", 8],
  ["holes", 6],
  ["doubles", 8],
  ["reordered", 10],
  ["other", 6],
  ["p50", 7],
  ["p99", 7],
  ["worst", 7],
  ["memory", 12],
  ["s", 5],
] as const;

const NAME_WIDTH = COLUMNS[0][1];
const MIB = 1024 * 1024;

export const heading = (): string =>
  toLine([
    "fault",
    "events",
    "holes",
    "doubles",
    "reordered",
    "other",
    "p50",
    "p99",
    "worst",
    "memory",
    "s",
  ]);

/** Times in ms; memory of the largest gateway in MiB, before and after. */
export function toRow(row: Row): string {
  const { fault, note, events, breaches, latencies, memoryBefore, memoryAfter, seconds } = row;
  const count = (kind: string) => breaches.filter((breach) => breach.kind === kind).length;
  const named = ["hole", "double", "reordered"].map(count);
  const other = breaches.length - named.reduce((total, one) => total + one, 0);
  const late = [0.5, 0.99, 1].map((share) => quantile(latencies, share));
  const memory = [memoryBefore, memoryAfter]
    .map(({ resident }) => Math.round(resident / MIB))
    .join(" → ");
  const cells = [fault, events, ...named, other, ...late, memory, Math.round(seconds)];
  return `${toLine(cells.map(String))}${note === "" ? "" : `  ${note}`}`;
}

const toLine = (cells: string[]): string =>
  cells
    .map((cell, i) => {
      const width = COLUMNS[i]?.[1] ?? 0;
      return width === NAME_WIDTH ? cell.padEnd(width) : cell.padStart(width);
    })
    .join("");
