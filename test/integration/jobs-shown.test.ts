import { describe, expect } from "vitest";
import { createJobs } from "../../src/jobs/create-jobs.ts";
import { createOutlook } from "../../src/jobs/outlook.ts";
import { caller, request, test } from "../support/jobs-service.ts";

const STEP = "No worker for jobs of type image in the normal lane is running";

describe("a waiting job that is read", () => {
  test("has its place in line and says why it waits, alone and in a list", async ({ service }) => {
    const owner = caller();
    const jobs = createJobs({ ...service.deps, outlook: createOutlook(service.deps) });
    const submit = async () => (await jobs.submit({ request: request(), caller: owner })).job;
    const first = await submit();
    const second = await submit();

    const found = await jobs.find(second.jobId, owner);
    expect(found?.job).toMatchObject({ queuePosition: 2, estimatedTime: null, step: STEP });
    const { items } = await jobs.list({}, owner);
    expect(items).toMatchObject([
      { jobId: second.jobId, queuePosition: 2, step: STEP },
      { jobId: first.jobId, queuePosition: 1, step: STEP },
    ]);

    await jobs.cancel(first.jobId, owner);
    expect((await jobs.find(second.jobId, owner))?.job).toMatchObject({ queuePosition: 1 });
    const gone = await jobs.find(first.jobId, owner);
    expect(gone?.job).toMatchObject({ queuePosition: null, step: null });
  });
});
