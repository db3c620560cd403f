import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base } from "vitest";

/** Tests with an empty folder of their own. */
export const test = base.extend("folder", async ({}, { onCleanup }) => {
  const folder = await mkdtemp(join(tmpdir(), "jobcast-test-"));
  onCleanup(() => rm(folder, { recursive: true, force: true }));
  return folder;
});
