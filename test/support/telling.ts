import type { Audience } from "../../src/contract/names.ts";
import type { Entry, Writer } from "../../src/feeds/append.ts";

/** Says things to an audience as the one reader of a source, one call after the other. */
export function createTeller(writer: Writer, audience: Audience, source = "source") {
  let ref = 0;
  return async (...entries: Entry[]) => {
    const expectedRef = ref === 0 ? "" : `${ref}-0`;
    ref += 1;
    return await writer.append({
      audience,
      source,
      fence: 1,
      holder: "teller",
      expectedRef,
      ref: `${ref}-0`,
      entries,
    });
  };
}

const entry = (jobId: string, job: object) => ({
  jobId,
  snapshot: JSON.stringify({ job: { jobId, ...job } }),
  isOpen: true,
  createdAt: Date.now(),
});

export const fact = (jobId = "job-1", more: object = {}): Entry => ({
  ...entry(jobId, more),
  kind: "fact",
  event: "job-started",
  body: JSON.stringify({ jobId, ...more }).slice(0, -1),
});

export const outcome = (jobId = "job-1"): Entry => ({
  ...fact(jobId),
  event: "job-completed",
  isOpen: false,
  createdAt: Date.now(),
});

export const gauge = (jobId = "job-1", progress = 0): Entry => ({
  ...entry(jobId, { progress }),
  kind: "gauge",
  event: "job-progress",
  body: JSON.stringify({ jobId, progress }),
});
