import type { Paper } from "../../layout/paper.ts";
import { PICTURE_ROOM } from "../../layout/picture.ts";
import type { IncidentReport } from "./template.ts";

const FAINT = "#667080";

export async function renderIncidentReport(paper: Paper, report: IncidentReport): Promise<void> {
  paper.text("Incident report", { size: 9, colour: FAINT });
  paper.text(report.title, { font: "bold", size: 20 });
  paper.space(10);
  paper.facts(toFacts(report));
  paper.heading("Summary");
  paper.text(report.summary);
  for (const { title, text } of report.sections ?? []) {
    paper.heading(title);
    paper.text(text);
  }
  for (const { title, columns, rows } of report.tables ?? []) {
    paper.heading(title);
    const width = 1 / columns.length;
    paper.table(
      columns.map((name) => ({ title: name, width })),
      rows,
    );
  }
  if (report.pictures === undefined) return;
  paper.heading("Pictures", PICTURE_ROOM);
  for (const { caption, image } of report.pictures)
    await paper.picture(Buffer.from(image.slice(image.indexOf(",") + 1), "base64"), caption);
}

function toFacts({ reference, date, reporter, location, facts = [] }: IncidentReport) {
  const known: [string, string | undefined][] = [
    ["Reference", reference],
    ["Date", date],
    ["Reported by", reporter],
    ["Place", location],
  ];
  return [
    ...known.flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    ),
    ...facts.map(({ name, value }): [string, string] => [name, value]),
  ];
}
