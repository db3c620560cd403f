import type { MouseEvent } from "react";
import { openJob, pathOfJob } from "../router.ts";

/** The name of a job, which opens it from anywhere on its row. A link as any other: it can be copied, and opened beside. */
export function JobLink({ jobId, name }: { jobId: string; name: string }) {
  function onClick(event: MouseEvent): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    openJob(jobId);
  }
  return (
    <a
      href={pathOfJob(jobId)}
      data-row
      onClick={onClick}
      title={name}
      className="outline-none after:absolute after:inset-0 after:rounded-sm focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
    >
      {name}
    </a>
  );
}
