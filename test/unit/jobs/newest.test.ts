import { describe, expect, test } from "vitest";
import { newest } from "../../../src/jobs/newest.ts";
import { type JobSnapshot, type StoredJob, toSnapshot } from "../../../src/jobs/snapshot.ts";
import { record } from "../../support/jobs.ts";

const snapshot = (fields: Partial<JobSnapshot>, job: Partial<StoredJob> = {}): JobSnapshot => {
  const fresh = toSnapshot(record());
  return { ...fresh, ...fields, job: { ...fresh.job, ...job } };
};
const LATER = "2027-01-01T00:00:00.000Z";

describe("the newest of two views of a job", () => {
  test.for([
    [
      "more retries",
      snapshot({ retries: 1 }),
      snapshot({ run: 5 }, { status: "cancelled", updatedAt: LATER }),
    ],
    [
      "the higher run",
      snapshot({ run: 2 }),
      snapshot({ run: 1 }, { status: "failed", updatedAt: LATER }),
    ],
    ["an outcome", snapshot({}, { status: "completed" }), snapshot({}, { updatedAt: LATER })],
    ["the later change", snapshot({}, { updatedAt: LATER }), snapshot({})],
  ] as const)("is the one with %s", ([, ahead, behind]) => {
    expect(newest(ahead, behind)).toBe(ahead);
    expect(newest(behind, ahead)).toBe(ahead);
  });
});
