import type { Job, JobStatus } from "@jobcast/client";
import { nameOfJob } from "../job/kinds.ts";

/** What of all jobs is shown. */
export interface Filter {
  status: StatusChoice;
  /** A type of jobs, or all. */
  type: string;
  /** Part of a name. */
  text: string;
}

export const STATUS_CHOICES = ["all", "open", "completed", "failed", "cancelled"] as const;
export type StatusChoice = (typeof STATUS_CHOICES)[number];

export const EVERYTHING: Filter = { status: "all", type: "", text: "" };

const STATUSES: Record<StatusChoice, readonly JobStatus[]> = {
  all: [],
  open: ["queued", "processing"],
  completed: ["completed"],
  failed: ["failed"],
  cancelled: ["cancelled"],
};

/** The same for the gateway, which does not search by name. */
export function toQuery({ status, type }: Filter): { status?: string; type?: string } {
  return {
    ...(status === "all" ? {} : { status: STATUSES[status].join(",") }),
    ...(type === "" ? {} : { type }),
  };
}

export function toMatch({ status, type, text }: Filter): (job: Job) => boolean {
  const statuses = STATUSES[status];
  const words = text.trim().toLocaleLowerCase();
  return (job) =>
    (statuses.length === 0 || statuses.includes(job.status)) &&
    (type === "" || job.type === type) &&
    (words === "" || nameOfJob(job).toLocaleLowerCase().includes(words));
}
