import { isFinal, type Job } from "@jobcast/client";
import { formatDay } from "../format/time.ts";
import type { Sending } from "../new-work/sending.ts";

/** A line of the list, with the heading over it where a section begins. */
export type Entry = { key: string; heading: string | undefined } & (
  | { what: "sending"; sending: Sending }
  | { what: "job"; job: Job }
);

export interface EntriesOptions {
  sendings: readonly Sending[];
  /** The newest first. */
  jobs: readonly Job[];
  now: Date;
}

/** What is going on now, then what is over, by day. */
export function toEntries({ sendings, jobs, now }: EntriesOptions): Entry[] {
  const entries: Entry[] = sendings.map((sending) => ({
    what: "sending",
    key: sending.id,
    heading: undefined,
    sending,
  }));
  const over: Entry[] = [];
  let dayBegins = "9999";
  for (const job of jobs) {
    const entry: Entry = { what: "job", key: job.jobId, heading: undefined, job };
    if (!isFinal(job.status)) {
      entries.push(entry);
      continue;
    }
    // Times are texts that sort, so a date is made once for each day and not for each job.
    if (job.createdAt < dayBegins) {
      const day = startOfDay(new Date(job.createdAt));
      dayBegins = day.toISOString();
      entry.heading = formatDay(day, now);
    }
    over.push(entry);
  }
  const [first] = entries;
  if (first !== undefined) first.heading = "Now";
  return [...entries, ...over];
}

const startOfDay = (date: Date): Date =>
  new Date(date.getFullYear(), date.getMonth(), date.getDate());
