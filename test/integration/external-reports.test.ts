import { text } from "node:stream/consumers";
import { describe, expect } from "vitest";
import { createJobs } from "../../src/jobs/create-jobs.ts";
import { externalType } from "../../src/jobs/external-type.ts";
import { caller, test as base } from "../support/jobs-service.ts";

const me = caller({ isService: true });

const test = base.extend("reports", async ({ service }) => {
  const { uploads } = service;
  const deps = { ...service.deps, catalog: new Map([[externalType.type, externalType]]) };
  const { external, submit } = createJobs(deps);
  const request = { type: "external", input: { data: {} } };
  const { jobId } = (await submit({ request, caller: caller() })).job;
  const { claim } = await external.claim(jobId, {}, me);
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const late = createJobs({
    ...deps,
    uploads: {
      async use(...asked) {
        reached.resolve();
        await goOn.promise;
        return await uploads.use(...asked);
      },
    },
  });
  const report = (uploadId: string) => ({
    claim,
    result: {},
    files: [{ uploadId, name: "text.txt" }],
  });
  return {
    complete: (uploadId: string) => external.complete(jobId, report(uploadId), me),
    /** Finds the job in hand, and then waits until `goOn`. */
    async completeLate(uploadId: string) {
      const completed = late.external.complete(jobId, report(uploadId), me);
      await Promise.race([reached.promise, completed]);
      return { completed, goOn: goOn.resolve };
    },
    kept: () => Array.fromAsync(service.store.list(`jobs/${jobId}/`), ({ key }) => key),
  };
});

const LATE = [
  { what: "brings other files", code: "job_finished" },
  { what: "names an upload that is gone", code: "not_found" },
];

describe("a report that an external job has ended", () => {
  test.for(LATE)(
    "touches no file of the one before it under the same claim when it $what",
    async ({ code }, { service: { store, upload }, reports: { complete, completeLate, kept } }) => {
      const [first, other] = [await upload(me, "the first"), await upload(me, "another")];
      const { completed, goOn } = await completeLate(code === "not_found" ? "gone" : other);
      const { result } = await complete(first);
      goOn();

      await expect(completed).rejects.toMatchObject({ code });

      const [file] = result?.files ?? [];
      expect(await kept()).toEqual([file?.key]);
      expect(await text(await store.open(file?.key ?? ""))).toBe("the first");
    },
  );
});
