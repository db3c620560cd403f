import { useJob, useJobcast } from "@jobcast/client/react";
import { useEffect } from "react";
import { isFinal } from "@jobcast/client";
import { formatBytes } from "../format/bytes.ts";
import { formatTimeLeft } from "../format/duration.ts";
import { RunningIcon } from "../ui/icons.tsx";
import { ProgressBar } from "../ui/progress-bar.tsx";
import { Failure } from "./failure.tsx";
import { JobActions } from "./job-actions.tsx";
import { iconOfKind, labelOfKind, nameOfJob } from "./kinds.ts";
import { ResultView } from "./result/result-view.tsx";
import { StatusMark } from "./status-mark.tsx";
import { Timeline } from "./timeline.tsx";

export interface JobDetailsProps {
  jobId: string;
  /** May look, and do nothing. */
  isGuest?: boolean;
}

/** All there is to know of a job. */
export function JobDetails({ jobId, isGuest = false }: JobDetailsProps) {
  const client = useJobcast();
  const { job, error } = useJob(jobId);
  // Links of its results may have run out since it was read. One that is not known is read by the hook.
  useEffect(() => {
    if (client.jobs.get(jobId) !== undefined) void client.load(jobId);
  }, [client, jobId]);
  if (error !== undefined)
    return (
      <div className="py-10 text-center">
        <p className="text-base font-medium">
          {error.status === 404 ? "There is no such job" : "The job could not be read"}
        </p>
        <p className="mt-1 text-quiet">
          {error.status === 404 ? "It was removed, or it is somebody else’s." : error.message}
        </p>
      </div>
    );
  if (job === undefined)
    return (
      <p className="flex items-center gap-2 py-10 text-quiet">
        <RunningIcon className="turn size-4" /> Reading the job…
      </p>
    );
  const Icon = iconOfKind(job.type);
  const isOpen = !isFinal(job.status);
  return (
    <article className="space-y-6">
      <header>
        <p className="flex items-center gap-1.5 pr-10 text-[0.8125rem] text-quiet">
          <Icon /> {labelOfKind(job.type)}
          {job.input.bytes !== null && <span>· {formatBytes(job.input.bytes)}</span>}
        </p>
        <h2 className="mt-1 text-lg font-semibold tracking-tight wrap-anywhere">
          {nameOfJob(job)}
        </h2>
        <div className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-2">
          <StatusMark status={job.status} />
          {isOpen && job.step !== null && <span className="text-quiet">{job.step}</span>}
          {isOpen && job.estimatedTime !== null && (
            <span className="text-quiet">{formatTimeLeft(job.estimatedTime)}</span>
          )}
          {!isGuest && <JobActions job={job} />}
        </div>
        {job.status === "processing" && (
          <div className="mt-3">
            <ProgressBar percent={job.progress} label="Progress" />
          </div>
        )}
      </header>
      {job.error !== null && <Failure job={job} />}
      {isOpen && job.partial !== null && (
        <section>
          <h3 className="font-medium">So far</h3>
          <p className="mt-1 whitespace-pre-wrap text-quiet">…{job.partial.text}</p>
        </section>
      )}
      {job.result !== null && <ResultView job={job} result={job.result} />}
      <Timeline job={job} />
    </article>
  );
}
