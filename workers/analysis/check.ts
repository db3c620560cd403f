import type { AnalysisOptions } from "../../src/contract/job-types/analysis.ts";
import { JobcastError } from "../../src/errors.ts";
import type { JobType } from "../../src/jobs/catalog.ts";
import type { Engines } from "../engines.ts";

export interface AnalysisSetup {
  engines: Engines;
}

export const NO_ENDPOINT =
  "Analysis needs a language model, and none is set up here; without one, `fields` are found by their labels, if there is no `prompt`";

/** Refuses with `engine_unavailable` what only a language model could do, where there is none. */
export function createAnalysisCheck({ engines }: AnalysisSetup): NonNullable<JobType["check"]> {
  return ({ options }) => {
    const asked: AnalysisOptions = options;
    if (engines.analysis === undefined && !isByLabels(asked))
      throw new JobcastError("engine_unavailable", NO_ENDPOINT);
  };
}

/** Whether it can be done without a model. */
export const isByLabels = ({ prompt, fields }: AnalysisOptions): boolean =>
  fields !== undefined && prompt === undefined;
