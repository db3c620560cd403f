import { randomUUID } from "node:crypto";
import type { Logger } from "../lib/logger.ts";
import { accept, type AcceptDeps, requireQuota, takeBack } from "./accept.ts";
import { createSubmissionCheck, type SubmissionRules } from "./check-submission.ts";
import { createKeyedSubmits, type Intents } from "./idempotency.ts";
import type { Submission, Submitted } from "./jobs.ts";
import { type JobRecord, ownerAudience } from "./record.ts";
import type { ResolveInput } from "./resolve-input.ts";

export interface SubmitDeps extends AcceptDeps {
  intents: Intents;
  rules: SubmissionRules;
  resolveInput: ResolveInput;
  now: () => number;
  log: Logger;
}

/** `Jobs.submit`, and the sweep that finishes keyed submits whose process died. */
export function createSubmit(deps: SubmitDeps) {
  const check = createSubmissionCheck(deps.rules, deps.resolveInput);
  const keyed = createKeyedSubmits({
    intents: deps.intents,
    accept: (record) => accept(record, deps),
    requireQuota: (record) => requireQuota(record, deps),
    takeBack: (record) => takeBack(record, deps),
    find: async (record) => (await deps.snapshots.read(ownerAudience(record), record.jobId))?.job,
    now: deps.now,
    log: deps.log,
  });

  async function submitOnce(record: JobRecord): Promise<Submitted> {
    await requireQuota(record, deps);
    try {
      return { job: await accept(record, deps), isReplay: false };
    } catch (thrown) {
      // Not waited for: the caller has waited as long as we let anybody wait.
      void takeBack(record, deps).catch((err: unknown) =>
        deps.log.warn({ err, jobId: record.jobId }, "a refused job could not be taken back"),
      );
      throw thrown;
    }
  }

  return {
    async submit(submission: Submission): Promise<Submitted> {
      const record = check(submission, randomUUID(), deps.now());
      const { idempotency, caller } = submission;
      if (idempotency === undefined) return await submitOnce(await record);
      return await keyed.submit({ ...idempotency, caller: caller.userId }, record);
    },
    finishPending: () => keyed.finishPending(),
  };
}
