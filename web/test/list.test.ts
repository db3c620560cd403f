import type { Job } from "@jobcast/client";
import { describe, expect, test } from "vitest";
import { filesOf, thumbnailOf } from "../src/job/result-files.ts";
import { toEntries } from "../src/list/entries.ts";
import { EVERYTHING, toMatch, toQuery } from "../src/list/filter.ts";
import { tellDetail } from "../src/list/tell-detail.ts";
import { readClaims } from "../src/session/claims.ts";

const now = new Date(2026, 10, 22, 12);
const daysAgo = (days: number) => new Date(2026, 10, 22 - days, 9).toISOString();

const job = (changed: Partial<Job> = {}): Job => ({
  jobId: "a",
  type: "image",
  userId: "42",
  lane: "normal",
  status: "completed",
  progress: 100,
  step: null,
  partial: null,
  queuePosition: null,
  estimatedTime: null,
  attempt: 1,
  maxAttempts: 3,
  caseId: null,
  batchId: null,
  parentId: null,
  metadata: {},
  input: { name: "Boat.jpg", bytes: 5, contentType: "image/jpeg" },
  result: null,
  error: null,
  createdAt: daysAgo(0),
  startedAt: null,
  finishedAt: null,
  updatedAt: daysAgo(0),
  ...changed,
});

describe("the list", () => {
  test("has what goes on first, then what is over, by day", () => {
    const jobs = [
      job({ jobId: "over today" }),
      job({ jobId: "waits", status: "queued", createdAt: daysAgo(1) }),
      job({ jobId: "over yesterday", createdAt: daysAgo(1) }),
      job({ jobId: "over as well", status: "failed", createdAt: daysAgo(1) }),
    ];
    const entries = toEntries({ sendings: [], jobs, now });
    expect(entries.map(({ key, heading }) => [heading, key])).toEqual([
      ["Now", "waits"],
      ["Today", "over today"],
      ["Yesterday", "over yesterday"],
      [undefined, "over as well"],
    ]);
  });

  test("shows what fits its filter, and asks for the same", () => {
    const isShown = toMatch({ status: "open", type: "image", text: " bOA" });
    expect(isShown(job({ status: "processing" }))).toBe(true);
    expect(isShown(job())).toBe(false);
    expect(isShown(job({ status: "processing", type: "pdf" }))).toBe(false);
    expect(toQuery({ status: "open", type: "image", text: "boa" })).toEqual({
      status: "queued,processing",
      type: "image",
    });
    expect([toMatch(EVERYTHING)(job()), toQuery(EVERYTHING)]).toEqual([true, {}]);
  });

  test.for([
    [{ status: "queued", queuePosition: 1 }, "next in line"],
    [{ status: "queued", queuePosition: 4, estimatedTime: 70 }, "3 before it · about 1 min left"],
    [
      { status: "processing", progress: 41.9, step: "page 3", attempt: 2 },
      "41 % · page 3 · attempt 2 of 3",
    ],
    [{ startedAt: daysAgo(0), finishedAt: daysAgo(0) }, "took 0.1 s"],
    [{ status: "failed", error: { code: "x", message: "No", retryable: false } }, "No"],
  ] as const)("says of %j: %s", ([changed, words]) => {
    expect(tellDetail(job(changed))).toBe(words);
  });
});

describe("what a worker of somebody's own reports", () => {
  const file = { name: "a", url: "/a", contentType: "image/png", bytes: 9, expiresAt: daysAgo(-1) };

  test.for([null, {}, { files: 7 }, { files: [null, "a", {}, { ...file, bytes: "9" }] }])(
    "is no files: %j",
    (result) => {
      expect(filesOf({ result })).toEqual([]);
    },
  );

  test("has its smallest picture in the list", () => {
    const small = { ...file, name: "small", bytes: 3 };
    const text = { ...file, contentType: "text/plain", bytes: 1 };
    expect(thumbnailOf({ result: { files: [file, small, text] } })?.name).toBe("small");
  });
});

describe("a token", () => {
  const toToken = (claims: unknown) =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

  test("says whose it is", () => {
    expect(readClaims(toToken({ sub: "Zoë", plan: "premium", only: ["job:1", 7] }))).toEqual({
      user: "Zoë",
      isPremium: true,
      only: ["job:1"],
    });
  });

  test.for(["", "no token", "a.b", "a.%%.c", toToken(null), toToken("x")])(
    "is none: %j",
    (text) => {
      expect(readClaims(text)).toBeUndefined();
    },
  );
});
