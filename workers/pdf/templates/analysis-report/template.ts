import Type, { type Static } from "typebox";
import { AnalysisResult } from "../../../../src/contract/job-types/analysis.ts";
import { defineTemplate } from "../../define-template.ts";

const AnalysisReport = Type.Object(
  {
    title: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    ...AnalysisResult.properties,
  },
  { additionalProperties: false },
);
export type AnalysisReport = Static<typeof AnalysisReport>;

/** What an analysis has found: a job that follows one works on its result as it is. */
export const template = defineTemplate({
  data: AnalysisReport,
  title: ({ title = "Analysis" }) => title,
  async render(paper, report) {
    const { renderAnalysisReport } = await import("./render.ts");
    renderAnalysisReport(paper, report);
  },
});
