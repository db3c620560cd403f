import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { openScratch } from "../../workers/scratch.ts";
import { test } from "../support/folder.ts";

describe("the folder of a worker's temporary files", () => {
  test("is there while the worker is, also when others start", async ({ folder }) => {
    const first = await openScratch(folder);
    const second = await openScratch(folder);
    await writeFile(join(first.path, "input"), "");

    const third = await openScratch(folder);
    expect(await readdir(first.path)).toContain("input");

    for (const scratch of [first, second, third]) await scratch.close();
    expect(await readdir(folder)).toEqual([]);
  });

  test("goes at the next start when its worker was killed", async ({ folder }) => {
    const abandoned = join(folder, "jobcast-work-abandoned");
    await mkdir(join(abandoned, "attempt"), { recursive: true });
    await writeFile(join(abandoned, "attempt", "input"), "");
    // No process has this pid.
    await writeFile(join(abandoned, "lock"), "99999999 1 x\n");
    await mkdir(join(folder, "somebody-elses"));

    const scratch = await openScratch(folder);

    expect((await readdir(folder)).toSorted()).toEqual(
      [scratch.path.slice(folder.length + 1), "somebody-elses"].toSorted(),
    );
  });

  test("is opened by all who start at once, though they find the same ones abandoned", async ({
    folder,
  }) => {
    for (let i = 0; i < 100; i += 1) {
      const abandoned = join(folder, `jobcast-work-${i}`);
      await mkdir(abandoned);
      await writeFile(join(abandoned, "lock"), "99999999 1 x\n");
    }
    const opened = await Promise.all(Array.from({ length: 12 }, () => openScratch(folder)));
    for (const scratch of opened) await scratch.close();
  });

  test("that bears another name is nobody's business", async ({ folder }) => {
    const scratch = await openScratch(folder);
    await scratch.close();
    await mkdir(join(folder, "jobcast-draft-1"));
    await rename(join(folder, "jobcast-draft-1"), join(folder, "jobcast-test-1"));
    await openScratch(folder);
    expect(await readdir(folder)).toContain("jobcast-test-1");
  });
});
