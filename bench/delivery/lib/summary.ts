import { median } from "./histogram.ts";

export interface Measured {
  workload: string;
  /** A target, with the settings of its nodes. */
  variant: string;
  case: string;
  figures: Record<string, number>;
  round: number;
}

export type Summary = Omit<Measured, "round"> & { rounds: number };

/** What must never happen is not made good by rounds in which it did not. */
const COUNTS = ["lost", "duplicates", "disordered", "refused"];

/** Medians over the rounds; of what went wrong, the sum. */
export function summarise(measured: Measured[]): Summary[] {
  const keyOf = (row: Measured) => [row.workload, row.case, row.variant].join("\n");
  const groups = Map.groupBy(measured, keyOf);
  return Array.from(groups.values(), (rows) => {
    const names = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
    const valuesOf = (name: string) => rows.flatMap(({ figures }) => figures[name] ?? []);
    const figures = Object.fromEntries(
      names.map((name) => [
        name,
        COUNTS.includes(name) ? valuesOf(name).reduce((a, b) => a + b, 0) : median(valuesOf(name)),
      ]),
    );
    const [first] = rows;
    return {
      workload: first?.workload ?? "",
      variant: first?.variant ?? "",
      case: first?.case ?? "",
      rounds: rows.length,
      figures,
    };
  });
}
