import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openSmallDisk } from "../faults/world/small-disk.ts";

/** No process has it. */
const DEAD = 2 ** 30;

describe("a disk that can be full", () => {
  test("takes away what runs have left that were killed, and leaves those of others", async () => {
    const [abandoned = "", used = ""] = await Promise.all(
      [DEAD, process.ppid].map((owner) => mkdtemp(join(tmpdir(), `jobcast-disk-${owner}-`))),
    );
    await writeFile(join(abandoned, "ballast"), "x");
    await using opened = new AsyncDisposableStack();
    opened.defer(() => rm(used, { recursive: true }));
    const disk = await openSmallDisk();
    opened.defer(() => disk.close());
    const there = await readdir(tmpdir());
    expect(there).not.toContain(basename(abandoned));
    expect(there).toEqual(expect.arrayContaining([basename(used), basename(disk.folder)]));
  });
});
