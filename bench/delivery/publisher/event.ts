import { randomUUID } from "node:crypto";

/** An event to be said to an audience. */
export interface Due {
  audience: string;
  jobId: string;
  event: object;
}

const JOBS = Array.from({ length: 1000 }, () => randomUUID());

/** A job as its owner would be told of it, about 242 bytes of JSON; the marker stands where nothing before it can be taken for one. */
export function toDue(audience: string, n: number, marker: string): Due {
  const jobId = JOBS[n % JOBS.length] ?? "";
  const event = {
    jobId,
    step: marker,
    type: "image",
    lane: "normal",
    status: "processing",
    progress: n % 100,
    attempt: 1,
    caseId: null,
    at: "2026-01-01T00:00:00.000Z",
    eventId: `image.normal:${1_700_000_000_000 + n}-0`,
  };
  return { audience, jobId, event };
}
