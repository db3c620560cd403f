import type { AnalysisOptions } from "../../src/contract/job-types/analysis.ts";
import type { WorkResult } from "../../src/contract/worker.ts";
import { WorkerError } from "../../src/errors.ts";
import type { Work, WorkContext } from "../define-worker.ts";
import { isByLabels, NO_ENDPOINT } from "./check.ts";
import { toFields } from "./fields.ts";
import { findLabelled } from "./labels.ts";
import { readTexts } from "./texts.ts";

/** Asks the language model, or, where there is none, finds fields by their labels. */
export async function analyse(
  { input, options }: Work<AnalysisOptions>,
  context: WorkContext,
): Promise<WorkResult> {
  const endpoint = context.engines.analysis;
  if (endpoint === undefined && !isByLabels(options))
    throw new WorkerError("engine_unavailable", NO_ENDPOINT);
  context.progress(0, "reading");
  const text = await readTexts(input, context);
  if (endpoint === undefined) {
    context.progress(50, "looking for fields");
    return { summary: null, fields: findLabelled(text, toFields(options.fields)) };
  }
  context.progress(20, "analysing");
  const { askModel } = await import("./ask-model.ts");
  return askModel({ endpoint, text, options, context });
}
