import type { Job, JobStatus } from "@jobcast/client";
import { formatDuration, formatTimeLeft } from "../format/duration.ts";
import { plural } from "../format/plural.ts";
import { filesOf } from "../job/result-files.ts";

const DETAILS: Record<JobStatus, (job: Job) => string> = {
  queued: (job) => join([place(job), job.step, attempt(job), timeLeft(job)]),
  processing: (job) =>
    join([`${Math.floor(job.progress)} %`, job.step, attempt(job), timeLeft(job)]),
  completed: (job) => join([files(job), took(job)]),
  failed: (job) => job.error?.message ?? "",
  cancelled: () => "",
};

/** What there is to say beside the status of a job, in a few words. */
export const tellDetail = (job: Job): string => DETAILS[job.status](job);

const join = (parts: (string | null)[]): string =>
  parts.filter((part) => part !== null && part !== "").join(" · ");

function place({ queuePosition }: Job): string | null {
  if (queuePosition === null) return null;
  return queuePosition === 1 ? "next in line" : `${queuePosition - 1} before it`;
}

const attempt = ({ attempt: n, maxAttempts }: Job): string | null =>
  n > 1 ? `attempt ${n} of ${maxAttempts}` : null;

const timeLeft = ({ estimatedTime }: Job): string | null =>
  estimatedTime === null || estimatedTime <= 0 ? null : formatTimeLeft(estimatedTime);

function files(job: Job): string | null {
  const count = filesOf(job).length;
  return count === 0 ? null : plural(count, "file");
}

function took({ startedAt, finishedAt }: Job): string | null {
  if (startedAt === null || finishedAt === null) return null;
  return `took ${formatDuration((Date.parse(finishedAt) - Date.parse(startedAt)) / 1000)}`;
}
