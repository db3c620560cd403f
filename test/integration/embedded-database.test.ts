import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, vi } from "vitest";
import { openDatabase } from "../../src/db/database.ts";
import { createJobsTable } from "../../src/db/jobs-table.ts";
import { silent, test as base } from "../support/databases.ts";
import { entry } from "../support/jobs.ts";

const SCRIPT = fileURLToPath(new URL("../support/embedded-writer.ts", import.meta.url));

/** A `folder` with an empty database, and as `writer` a process that writes to it, with the number of jobs it has written. */
const test = base
  .extend("folder", async ({ copyEmbedded }, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "jobcast-test-"));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    await copyEmbedded(folder);
    return folder;
  })
  .extend("writer", async ({ folder }, { onCleanup }) => {
    const child = spawn(process.execPath, [SCRIPT, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onCleanup(() => kill(child));
    let written = 0;
    child.stdout.on("data", (chunk) => (written = Number(String(chunk).trim().split("\n").at(-1))));
    await vi.waitFor(() => expect(written).toBeGreaterThan(20), { timeout: 20_000 });
    return { written: () => written, kill: () => kill(child) };
  });

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

test("a second process is refused while the first has the folder, and told what to do", async ({
  folder,
  writer,
}) => {
  const second = openDatabase({ dataDir: folder, log: silent });
  await expect(second).rejects.toThrow(/in use by process \d+.*DATABASE_URL/);
  const before = writer.written();
  await vi.waitFor(() => expect(writer.written()).toBeGreaterThan(before));
});

test("what was written stays there when the process is killed in mid-write", async ({
  folder,
  writer,
}) => {
  await writer.kill();
  const database = await openDatabase({ dataDir: folder, log: silent });
  const written = Array.from({ length: writer.written() }, (_, index) => `job-${index + 1}`);
  expect((await createJobsTable(database.db).load(written)).size).toBe(written.length);
  await database.close();
});

test("a folder can be opened again after it was closed", async ({ folder }) => {
  const first = await openDatabase({ dataDir: folder, log: silent });
  await createJobsTable(first.db).upsert([entry({ jobId: "job-1" })]);
  await first.close();
  const second = await openDatabase({ dataDir: folder, log: silent });
  expect(await createJobsTable(second.db).find("job-1")).toEqual(entry({ jobId: "job-1" }));
  await second.close();
});
