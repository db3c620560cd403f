import { describe, expect, test } from "vitest";
import type { WorkInput } from "../../../src/contract/worker.ts";
import { JobcastError } from "../../../src/errors.ts";
import { createSubmissionCheck } from "../../../src/jobs/check-submission.ts";
import pdf from "../../../workers/pdf/task.ts";
import { asGiven } from "../../support/as-given.ts";

const rules = {
  catalog: new Map([[pdf.type, pdf]]),
  largeJobBytes: 1e6,
  allowPrivateUrls: false,
};
const check = createSubmissionCheck(rules, asGiven);
const caller = {
  userId: "42",
  groups: [],
  isAdmin: false,
  isService: false,
  isPremium: false,
} as const;
const URL_INPUT = { url: "https://example.com/a.pdf" };

/** What a submit is answered: nothing, or what is wrong. */
async function problems(options: object, input: object = URL_INPUT) {
  try {
    // @ts-expect-error -- a caller needs more than is looked at here
    await check({ request: { type: "pdf", input, options }, caller, file: undefined }, "1", 0);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof JobcastError)) throw thrown;
    return { code: thrown.code, fields: thrown.fields };
  }
}

describe("a request for a PDF job", () => {
  test("fits one of the operations", async () => {
    expect(await problems({ operation: "extract" })).toBeUndefined();
    expect(await problems({ operation: "split", ranges: ["1-3", "5"] })).toBeUndefined();
    expect(await problems({ operation: "shred" })).toEqual({
      code: "invalid_options",
      fields: [
        { path: "/options/operation", message: "must be one of extract, split, merge, generate" },
      ],
    });
    expect(await problems({ operation: "extract", ranges: ["1"] })).toEqual({
      code: "invalid_options",
      fields: [{ path: "/options/ranges", message: "Unknown field" }],
    });
  });

  test.for(["3-1", "0", "1-", "a", "1,2", "-2", "1-9999999"])(
    "does not take %s for pages",
    async (range) => {
      const answer = await problems({ operation: "split", ranges: ["1", range] });
      expect(answer?.code).toBe("invalid_options");
      expect(answer?.fields?.map(({ path }) => path)).toContain("/options/ranges/1");
    },
  );

  test("asks for no range twice", async () => {
    const answer = await problems({ operation: "split", ranges: ["1", "1"] });
    expect(answer).toMatchObject({
      code: "invalid_options",
      fields: [{ path: "/options/ranges" }],
    });
  });

  test("has the input that its operation takes", async () => {
    const message = "The operation extract takes one file";
    expect(await problems({ operation: "extract" }, { data: {} })).toEqual({
      code: "invalid",
      fields: [{ path: "/input", message }],
    });
    expect((await problems({ operation: "merge" }))?.code).toBe("invalid");
    expect((await problems({ operation: "generate", html: "<p>" }))?.code).toBe("invalid");
    expect(await problems({ operation: "generate", html: "<p>" }, { data: {} })).toBeUndefined();
  });

  test("names a template that there is, with each field that is missing", async () => {
    expect(await problems({ operation: "generate", template: "../x" }, { data: {} })).toEqual({
      code: "invalid_options",
      fields: [
        {
          path: "/options/template",
          message: "must be one of analysis-report, incident-report, invoice",
        },
      ],
    });
    const data = { date: "today", summary: "It broke", tables: [{ title: "A", columns: ["B"] }] };
    expect(
      await problems({ operation: "generate", template: "incident-report" }, { data }),
    ).toEqual({
      code: "invalid",
      fields: [
        { path: "/input/data/title", message: "Must be given" },
        { path: "/input/data/tables/0/rows", message: "Must be given" },
      ],
    });
  });

  test("merges a hundred files at most", async () => {
    const files = (count: number): WorkInput => ({
      files: Array.from({ length: count }, () => URL_INPUT),
    });
    const merge = { operation: "merge" };
    expect(() => pdf.check?.({ input: files(100), options: merge })).not.toThrow();
    for (const count of [0, 101])
      expect(() => pdf.check?.({ input: files(count), options: merge })).toThrow(/1 to 100/);
  });
});
