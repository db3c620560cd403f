import { describe, expect, test } from "vitest";
import { toWireJob } from "../../../src/jobs/present.ts";
import { toSnapshot } from "../../../src/jobs/snapshot.ts";
import { record } from "../../support/jobs.ts";

const { job } = toSnapshot(record());
const sign = (key: string) => ({ url: `/files/${key}`, expiresAt: "2026-01-02T00:00:00.000Z" });

describe("a job on the wire", () => {
  test("has signed links in place of its files' keys", () => {
    const file = { key: "jobs/1/1/a.webp", name: "a.webp", contentType: "image/webp", bytes: 3 };
    const { result } = toWireJob({ ...job, result: { width: 1, files: [file] } }, sign);
    expect(result).toEqual({
      width: 1,
      files: [
        {
          name: "a.webp",
          contentType: "image/webp",
          bytes: 3,
          url: "/files/jobs/1/1/a.webp",
          expiresAt: "2026-01-02T00:00:00.000Z",
        },
      ],
    });
  });

  test("without files is the job as it is kept", () => {
    expect(toWireJob(job, sign)).toEqual(job);
    expect(toWireJob({ ...job, result: { width: 1 } }, sign).result).toEqual({ width: 1 });
  });
});
