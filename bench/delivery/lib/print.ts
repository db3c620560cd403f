import type { Summary } from "./summary.ts";

/** One line for each case and target. */
export function printSummary(summary: Summary[]): void {
  const names = [...new Set(summary.flatMap(({ figures }) => Object.keys(figures)))];
  const lines = [
    ["case", "target", "runs", ...names],
    ...summary.map((row) => [
      row.case,
      row.variant,
      `${row.rounds}`,
      ...names.map((name) => format(row.figures[name])),
    ]),
  ];
  const widths = (lines[0] ?? []).map((_, i) =>
    Math.max(...lines.map((line) => line[i]?.length ?? 0)),
  );
  for (const line of lines)
    console.log(line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  "));
}

export function format(value: number | undefined): string {
  if (value === undefined) return "–";
  if (Number.isInteger(value)) return `${value}`;
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
