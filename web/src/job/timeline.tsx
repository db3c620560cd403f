import type { Job } from "@jobcast/client";
import { formatDuration } from "../format/duration.ts";
import { formatExact } from "../format/time.ts";
import { STATUS_LOOKS } from "./statuses.ts";

interface Moment {
  word: string;
  at: string;
  /** Between this and the moment before. */
  after: string | undefined;
}

/** What happened when. */
export function Timeline({ job }: { job: Job }) {
  return (
    <section>
      <h3 className="font-medium">Timeline</h3>
      <ol className="mt-3">
        {momentsOf(job).map(({ word, at, after }) => (
          <li
            key={word}
            className="relative flex gap-3 pb-4 pl-5 last:pb-0 not-last:before:absolute not-last:before:top-3 not-last:before:bottom-[-0.25rem] not-last:before:left-[3px] not-last:before:w-px not-last:before:bg-line"
          >
            <span className="absolute top-1.5 left-0 size-[7px] rounded-full bg-edge" />
            <span className="min-w-20 flex-1">
              {word}
              {after !== undefined && <span className="text-quiet"> {after}</span>}
            </span>
            <time dateTime={at} className="text-quiet">
              {formatExact(at)}
            </time>
          </li>
        ))}
      </ol>
      <dl className="mt-5 grid grid-cols-[6rem_minmax(0,1fr)] gap-y-1 border-t border-line pt-4 text-[0.8125rem]">
        <dt className="text-quiet">Attempts</dt>
        <dd>
          {job.attempt} of {job.maxAttempts}
        </dd>
        <dt className="text-quiet">Lane</dt>
        <dd>{job.lane}</dd>
        <dt className="text-quiet">Id</dt>
        <dd className="font-mono wrap-anywhere">{job.jobId}</dd>
      </dl>
    </section>
  );
}

function momentsOf({ createdAt, startedAt, finishedAt, status, attempt }: Job): Moment[] {
  const started = attempt > 1 ? `Started, attempt ${attempt}` : "Started";
  const waited = startedAt === null ? undefined : between(createdAt, startedAt);
  return [
    { word: "Handed in", at: createdAt, after: undefined },
    ...(startedAt === null
      ? []
      : [{ word: started, at: startedAt, after: `after ${waited} in line` }]),
    ...(finishedAt === null
      ? []
      : [
          {
            word: STATUS_LOOKS[status].word,
            at: finishedAt,
            after: startedAt === null ? undefined : `after ${between(startedAt, finishedAt)}`,
          },
        ]),
  ];
}

const between = (from: string, to: string): string =>
  formatDuration(Math.max(0, Date.parse(to) - Date.parse(from)) / 1000);
