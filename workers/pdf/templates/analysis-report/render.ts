import type { FieldValue } from "../../../../src/contract/job-types/analysis.ts";
import type { Paper } from "../../layout/paper.ts";
import type { AnalysisReport } from "./template.ts";

export function renderAnalysisReport(
  paper: Paper,
  { title = "Analysis", summary, fields }: AnalysisReport,
): void {
  paper.text(title, { font: "bold", size: 20 });
  paper.space(10);
  if (fields !== null)
    paper.facts(Object.entries(fields).map(([name, value]) => [name, toText(value)]));
  if (summary === null) return;
  paper.heading("Summary");
  paper.text(summary);
}

/** Amounts and dates stand as the analysis wrote them: it does not know whose habits to follow. */
function toText(value: FieldValue): string {
  if (value === null) return "not found";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}
