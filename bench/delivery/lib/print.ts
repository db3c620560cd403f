import { format } from "./format.ts";
import type { Summary } from "./summary.ts";

/** A line for each case and target; the first is the head. */
export function toTable(summary: Summary[], columns?: string[]): string[][] {
  const there = [...new Set(summary.flatMap(({ figures }) => Object.keys(figures)))];
  const names = columns?.filter((name) => there.includes(name)) ?? there;
  return [
    ["case", "target", "runs", ...names],
    ...summary.map((row) => [
      row.case,
      row.variant,
      `${row.rounds}`,
      ...names.map((name) => format(row.figures[name])),
    ]),
  ];
}

export function printTable(lines: string[][]): void {
  const widths = (lines[0] ?? []).map((_, i) =>
    Math.max(...lines.map((line) => line[i]?.length ?? 0)),
  );
  for (const line of lines)
    console.log(line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  "));
}

export function toMarkdown([head = [], ...lines]: string[][]): string {
  const row = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...lines.map(row)].join("\n");
}
