import type { Job } from "@jobcast/client";
import { memo } from "react";
import { formatBytes } from "../format/bytes.ts";
import { labelOfKind, nameOfJob } from "../job/kinds.ts";
import { StatusMark } from "../job/status-mark.tsx";
import { Ago } from "../ui/ago.tsx";
import { ProgressBar } from "../ui/progress-bar.tsx";
import { JobLink } from "./job-link.tsx";
import { RowActions } from "./row-actions.tsx";
import { RowFrame } from "./row-frame.tsx";
import { Thumbnail } from "./thumbnail.tsx";
import { tellDetail } from "./tell-detail.ts";

/** Drawn anew when its own job has changed, and never for another's sake. */
export const JobRow = memo(function JobRow({ job }: { job: Job }) {
  const { jobId, type, status, progress, input } = job;
  const name = nameOfJob(job);
  const kind = labelOfKind(type);
  const about = input.bytes === null ? kind : `${kind}, ${formatBytes(input.bytes)}`;
  return (
    <RowFrame
      picture={<Thumbnail job={job} />}
      name={<JobLink jobId={jobId} name={name} />}
      about={about}
      status={<StatusMark status={status} />}
      detail={tellDetail(job)}
      {...(status === "processing"
        ? { bar: <ProgressBar percent={progress} label={`Progress of ${name}`} /> }
        : {})}
      time={<Ago at={job.finishedAt ?? job.createdAt} />}
      actions={<RowActions job={job} name={name} />}
    />
  );
});
