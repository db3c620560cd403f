import type { Job } from "@jobcast/client";
import { useOutbox } from "../new-work/outbox.ts";
import { iconOfKind } from "../job/kinds.ts";
import { Picture } from "../job/picture.tsx";
import { thumbnailOf } from "../job/result-files.ts";
import { LocalPicture } from "../ui/local-picture.tsx";

/** What a job looks like: its smallest picture, that of the file that was handed in here, or the icon of its kind. */
export function Thumbnail({ job }: { job: Job }) {
  const outbox = useOutbox();
  const Icon = iconOfKind(job.type);
  const fallback = <Icon className="size-5" />;
  const file = thumbnailOf(job);
  if (file !== undefined)
    return (
      <Picture
        jobId={job.jobId}
        file={file}
        loading="lazy"
        otherwise={fallback}
        className="size-full object-cover"
      />
    );
  return <LocalPicture url={outbox.pictureOf(job.jobId)} otherwise={fallback} />;
}
