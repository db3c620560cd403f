import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ERROR_CODES, JOB_ERROR_CODES } from "../../src/contract/errors.ts";

const page = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");

/** The rows of the table that follows a comment, as lists of cells. */
function tableAfter(comment: string): string[][] {
  const [, rest = ""] = page.split(`<!-- ${comment}:`);
  const rows = rest.split("\n\n")[1]?.split("\n") ?? [];
  const cells = rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
  return cells.slice(2);
}

const yesNo = (value: boolean) => (value ? "yes" : "no");

describe("docs/protocol.md", () => {
  test("lists every error code with its status and whether it is retryable", () => {
    const codes = Object.entries(ERROR_CODES).map(([code, { status, retryable }]) => [
      code,
      String(status),
      yesNo(retryable),
    ]);
    expect(tableAfter("errors")).toEqual(codes);
  });

  test("lists every error code of jobs", () => {
    const codes = Object.entries(JOB_ERROR_CODES).map(([code, { retryable }]) => [
      code,
      yesNo(retryable),
    ]);
    expect(tableAfter("job errors")).toEqual(codes);
  });
});
