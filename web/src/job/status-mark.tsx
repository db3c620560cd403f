import type { JobStatus } from "@jobcast/client";
import { STATUS_LOOKS } from "./statuses.ts";

/** The status of a job in a word, with its icon. */
export function StatusMark({ status }: { status: JobStatus }) {
  const { word, Icon, color } = STATUS_LOOKS[status];
  return (
    <span className={`inline-flex items-center gap-1.5 font-medium whitespace-nowrap ${color}`}>
      <Icon className={`size-4 ${status === "processing" ? "turn" : ""}`} />
      {word}
    </span>
  );
}
