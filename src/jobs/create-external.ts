import { randomUUID } from "node:crypto";
import {
  type Claimed,
  type CompleteReport,
  type FailReport,
  MAX_EXTERNAL_RESULT_BYTES,
} from "../contract/external.ts";
import type { WorkProgress, WorkResult } from "../contract/worker.ts";
import { JobcastError } from "../errors.ts";
import type { ExternalJobs } from "./external.ts";
import { leaseMsOf, newClaim, runOf } from "./external-claims.ts";
import { dropFiles, type FilesDeps, keepFiles, type Place } from "./external-files.ts";
import {
  explainNotCompleted,
  explainRefusal,
  findExternal,
  type Held,
  hold,
  type HoldDeps,
  take,
} from "./external-hold.ts";
import { foretell, whenEnded } from "./external-told.ts";
import { patiently } from "./patience.ts";
import { requireSize } from "./size.ts";
import type { StoredJob } from "./snapshot.ts";
import type { States } from "./states.ts";

export interface ExternalDeps extends HoldDeps, FilesDeps {
  states: Pick<States, "get" | "read">;
  now: () => number;
}

const DEFAULT_LEASE_SECONDS = 60;

export function createExternal(deps: ExternalDeps): ExternalJobs {
  const { claims, now } = deps;

  function toClaimed({ token, job }: Held): Claimed {
    const expiresAt = new Date(now() + leaseMsOf(token)).toISOString();
    return { claim: token, attempt: runOf(job), expiresAt };
  }

  return {
    async claim(jobId, { leaseSeconds = DEFAULT_LEASE_SECONDS }, caller) {
      const found = await findExternal(jobId, caller, deps);
      const held = await take(found, newClaim(leaseSeconds), deps);
      const { input } = held.job.data;
      return { ...toClaimed(held), input: { data: "data" in input ? input.data : null } };
    },
    async heartbeat(jobId, { claim }, caller) {
      return toClaimed(await hold(jobId, claim, caller, deps));
    },
    async progress(jobId, { claim, progress, step }, caller) {
      const held = await hold(jobId, claim, caller, deps);
      // By its run it is refused where the claim was lost on the way.
      const told: WorkProgress = { run: runOf(held.job), percent: progress, step: step ?? null };
      await patiently(() => held.job.updateProgress(told));
      return foretell(held, { event: "progress", data: JSON.stringify(told) }, now());
    },
    async complete(jobId, report, caller) {
      const { result, claim } = report;
      requireSize("/result", result, MAX_EXTERNAL_RESULT_BYTES);
      if ("files" in result) throw filesInResult();
      const held = await hold(jobId, claim, caller, deps);
      // Its own: a report that comes twice at once must not touch the files of the one that stands.
      const folder = `jobs/${jobId}/${runOf(held.job)}/${randomUUID()}/`;
      const whole = await withFiles(report, { folder, caller }, deps);
      // When Redis is away, it may have been carried out: then the files stay, and go with the job.
      const isDone = await claims.complete(held.job, held.token, whole);
      const refusal = isDone ? undefined : await explainNotCompleted(held, whole, deps);
      if (refusal !== undefined) {
        await dropFiles(folder, deps);
        throw refusal;
      }
      const happened = { event: "completed", returnvalue: JSON.stringify(whole) };
      return await whenEnded(held, happened, deps);
    },
    async fail(jobId, report, caller) {
      const held = await hold(jobId, report.claim, caller, deps);
      const isRepeated = report.retry === true && hasAttemptLeft(held);
      return await (isRepeated ? putBack : end)(held, report, deps);
    },
  };
}

const hasAttemptLeft = ({ job }: Held): boolean => job.attemptsMade + 1 < (job.opts.attempts ?? 1);

async function putBack(held: Held, { error }: FailReport, deps: ExternalDeps): Promise<StoredJob> {
  const { job, token, snapshot } = held;
  const mark: WorkProgress = {
    run: runOf(job),
    percent: snapshot.job.progress,
    step: null,
    error,
  };
  await patiently(() => job.updateProgress(mark));
  await requireDone(await deps.claims.repeat(job, token, error), held, deps);
  return await whenEnded(held, { event: "delayed" }, deps);
}

async function end(held: Held, { error }: FailReport, deps: ExternalDeps): Promise<StoredJob> {
  const { job, token } = held;
  await requireDone(await deps.claims.fail(job, token, error), held, deps);
  const failedReason = JSON.stringify({ ...error, run: runOf(job) });
  return await whenEnded(held, { event: "failed", failedReason }, deps);
}

async function withFiles(
  { result, files = [] }: CompleteReport,
  place: Place,
  deps: FilesDeps,
): Promise<WorkResult> {
  if (files.length === 0) return result;
  return { ...result, files: await keepFiles(files, place, deps) };
}

async function requireDone(isDone: boolean, held: Held, deps: ExternalDeps): Promise<void> {
  if (isDone) return;
  const refusal = await explainRefusal(held, deps);
  if (refusal !== undefined) throw refusal;
}

function filesInResult(): JobcastError {
  const fields = [{ path: "/result/files", message: "Belongs beside the result" }];
  return new JobcastError("invalid", "Files are reported beside the result", { fields });
}
