import { randomUUID } from "node:crypto";
import type { Batch } from "../contract/batch.ts";
import { isFinal } from "../contract/job.ts";
import type { Caller } from "../contract/tokens.ts";
import type { Logger } from "../lib/logger.ts";
import { accept, requireQuota, takeBack } from "./accept.ts";
import { acceptPlan, type PlanDeps, takeBackPlan } from "./accept-plan.ts";
import type { BatchStates } from "./batch-states.ts";
import type { BatchSubmission } from "./batches.ts";
import { createSubmissionCheck, type SubmissionRules } from "./check-submission.ts";
import { type Answered, createKeyedSubmits, type Intents } from "./idempotency.ts";
import type { Submission, Submitted } from "./jobs.ts";
import { createPlans, type Plan } from "./plan.ts";
import { type JobRecord, ownerAudience } from "./record.ts";
import type { ResolveInput } from "./resolve-input.ts";
import { type StoredJob, toSnapshot } from "./snapshot.ts";

export interface SubmitDeps extends PlanDeps {
  intents: Intents;
  states: PlanDeps["states"] & Pick<BatchStates, "read">;
  rules: SubmissionRules;
  resolveInput: ResolveInput;
  now: () => number;
  log: Logger;
}

/** What `POST /api/jobs` may ask for: a job, or one with others that follow it. */
type Asked = JobRecord | Plan;

const isPlan = (asked: Asked): asked is Plan => "records" in asked;
const recordsOf = (asked: Asked): JobRecord[] => (isPlan(asked) ? asked.records : [asked]);
const jobIds = (asked: Asked): string[] => recordsOf(asked).map(({ jobId }) => jobId);

/** `Jobs.submit` and `Batches.submit`, and the sweep that finishes those whose process died. */
export function createSubmit(deps: SubmitDeps) {
  const { intents, snapshots, now, log } = deps;
  const check = createSubmissionCheck(deps.rules, deps.resolveInput);
  const plan = createPlans(check, now);
  const common = {
    intents,
    jobIds,
    requireQuota: (asked: Asked) => {
      const records = recordsOf(asked);
      return requireQuota(firstOf(records), deps, records.length);
    },
    takeBack: (asked: Asked) => (isPlan(asked) ? takeBackPlan(asked, deps) : takeBack(asked, deps)),
    now,
    log,
  };
  const jobs = createKeyedSubmits<Asked, StoredJob>({
    ...common,
    route: "POST /api/jobs",
    async accept(asked) {
      if (!isPlan(asked)) return (await findKept(asked)) ?? (await accept(asked, deps));
      await acceptPlan(asked, deps);
      const first = firstOf(asked.records);
      return (await find(first)) ?? toSnapshot(first).job;
    },
  });
  const batches = createKeyedSubmits<Plan, Batch>({
    ...common,
    route: "POST /api/batches",
    async accept(asked) {
      await acceptPlan(asked, deps);
      const { batchId } = asked.batch;
      const batch = await deps.states.read(ownerAudience(firstOf(asked.records)), batchId);
      if (batch === undefined) throw new Error(`Batch ${batchId} is gone`);
      return batch;
    },
  });

  /** The job of a record, if it was made and told of. */
  const find = async (record: JobRecord): Promise<StoredJob | undefined> =>
    (await snapshots.read(ownerAudience(record), record.jobId))?.job;

  /** What was made may have been refused for what only its primary had. In a cluster its feed may tell of a job that its queue has lost with that. */
  async function findKept(record: JobRecord): Promise<StoredJob | undefined> {
    const areKept = deps.kept.begin();
    const found = await find(record);
    if (found === undefined) return undefined;
    if (!isFinal(found.status)) await deps.queues.add(record, { runBase: 0, retries: 0 });
    await areKept([record]);
    return found;
  }

  async function submitOnce(record: JobRecord): Promise<Submitted> {
    await requireQuota(record, deps);
    try {
      return { job: await accept(record, deps), isReplay: false };
    } catch (thrown) {
      // Not waited for: the caller has waited as long as we let anybody wait.
      void takeBack(record, deps).catch((err: unknown) =>
        log.warn({ err, jobId: record.jobId }, "a refused job could not be taken back"),
      );
      throw thrown;
    }
  }

  const toAsked = (submission: Submission): Promise<Asked> =>
    submission.request.then?.length
      ? plan({ ...submission, name: null, jobs: [{ ...submission, path: "" }] })
      : check(submission, randomUUID(), now());

  return {
    async submit(submission: Submission): Promise<Submitted> {
      const { idempotency, caller } = submission;
      const asked = toAsked(submission);
      const call = keyOf(caller, idempotency);
      // Without a key of the caller's there is no earlier call to look for.
      if (idempotency !== undefined) return toSubmitted(await jobs.submit(call, asked));
      const payload = await asked;
      if (!isPlan(payload)) return await submitOnce(payload);
      return toSubmitted(await jobs.submit(call, Promise.resolve(payload)));
    },

    async submitBatch({ request, caller, idempotency }: BatchSubmission): Promise<Answered<Batch>> {
      const given = request.jobs.map((job, i) => ({ request: job, path: `/jobs/${i}` }));
      const asked = plan({ caller, name: request.name ?? null, jobs: given });
      const call = keyOf(caller, idempotency);
      return await batches.submit(
        call,
        idempotency === undefined ? Promise.resolve(await asked) : asked,
      );
    },

    async finishPending(): Promise<void> {
      await jobs.finishPending();
      await batches.finishPending();
    },
  };
}

const toSubmitted = ({ answer, isReplay }: Answered<StoredJob>): Submitted => ({
  job: answer,
  isReplay,
});

/** Jobs that belong together are written down under a key in any case: half of them would be worse than none. */
const keyOf = ({ userId }: Caller, idempotency: Submission["idempotency"]) => ({
  caller: userId,
  ...(idempotency ?? { key: randomUUID(), bodyHash: "" }),
  mayBeRepeated: idempotency !== undefined,
});

function firstOf([first]: JobRecord[]): JobRecord {
  if (first === undefined) throw new Error("A batch has no job");
  return first;
}
