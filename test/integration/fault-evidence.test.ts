import { describe, expect, vi } from "vitest";
import { readEvidence } from "../faults/checker/evidence.ts";
import { eventsOf, listen } from "../support/listening.ts";
import { test } from "../support/feeds.ts";
import { PARTITIONS } from "../support/stage.ts";

describe("what a fault run says of a job with which something is wrong", () => {
  test("goes from its queue to its owner's feed", async ({ stage }) => {
    const { items } = await listen(await stage.node(), "user:42");
    stage.recorder();
    await stage.work(async () => ({}));
    const { jobId } = await stage.submit();
    await vi.waitFor(() => expect(eventsOf(items)).toContain("job-completed"));

    const lines = await readEvidence({ ...stage, partitions: PARTITIONS }, jobId);
    expect(lines).toEqual([
      expect.stringMatching(/^was accepted at /),
      expect.stringMatching(/^image.normal: timestamp \d+, processedOn \d+, finishedOn \d+,/),
      expect.stringMatching(/ added, .* active \(\w+\), .* completed/),
      expect.stringMatching(/^user:42 stands at .*"seq":"3"/),
      expect.stringMatching(/^partition \d: .*"generation"/),
      expect.stringMatching(/^snapshot: .*"status":"completed".* in doneJobs \d+;/),
      "log: 1-0 job-queued, 2-0 job-started, 3-0 job-completed",
      expect.stringMatching(/^tail: .* fact job-queued .* fact job-started .* fact job-completed /),
    ]);
  });

  test("says what is not there", async ({ stage }) => {
    const known = { ...stage, partitions: PARTITIONS };
    expect(await readEvidence(known, "nobody")).toEqual(["has no record"]);
  });
});
