import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const root = new URL("../../", import.meta.url);
const page = readFileSync(new URL("docs/promises.md", root), "utf8");

interface Promised {
  keptIn: string;
  tests: { file: string; name: string }[];
}

/** The rows of all tables: `| promise | kept in | fails without it |`. */
const rows: Promised[] = page
  .split("\n")
  .filter((line) => /^\|[^|]*\| +`/.test(line))
  .map((line) => {
    const [, , keptIn = "", tests = ""] = line.split("|").map((cell) => cell.trim());
    return { keptIn: keptIn.replaceAll("`", ""), tests: tests.split("<br>").map(toTest) };
  });

function toTest(cell: string): { file: string; name: string } {
  const [, file = "", name = ""] = /^`([^`]+)`: (.+)$/.exec(cell) ?? [];
  return { file, name };
}

const textOf = (file: string): string =>
  file !== "" && existsSync(new URL(file, root)) ? readFileSync(new URL(file, root), "utf8") : "";

describe("docs/promises.md", () => {
  test("has a file that keeps each promise", () => {
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.map(({ keptIn }) => keptIn).filter((file) => textOf(file) === "")).toEqual([]);
  });

  test("names only tests that exist", () => {
    const missing = rows
      .flatMap(({ tests }) => tests)
      .filter(({ file, name }) => name === "" || !textOf(file).includes(`"${name}"`));
    expect(missing).toEqual([]);
  });
});
