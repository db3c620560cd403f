import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, vi } from "vitest";
import { LOCK_MS, STALLED_INTERVAL_MS } from "../../src/jobs/stalls.ts";
import { queueName } from "../../src/contract/names.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { isAlive } from "../support/is-alive.ts";
import { test as base } from "../support/workers.ts";

const PROCESS = fileURLToPath(new URL("../support/worker-process.ts", import.meta.url));
/** The lock runs out, one check marks the job, the next one moves it. */
const TAKEOVER_MS = LOCK_MS + 2 * STALLED_INTERVAL_MS;

const test = base.extend("spawnWorker", async ({ redisUrl, prefix, folder }, { onCleanup }) => {
  const processes: ChildProcess[] = [];
  onCleanup(() => {
    for (const process of processes) process.kill("SIGKILL");
  });
  return () => {
    const child = spawn(process.execPath, [PROCESS, redisUrl, prefix, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    processes.push(child);
    const output: string[] = [];
    child.stdout.on("data", (chunk) => output.push(String(chunk)));
    return { child, output: () => output.join("") };
  };
});

/** The pid of each run that has begun. */
async function readRuns(path: string): Promise<Map<number, number>> {
  const lines = (await readFile(path, "utf8")).trim().split("\n");
  return new Map(
    lines.map((line) => {
      const [run = 0, pid = 0] = line.split(" ").map(Number);
      return [run, pid];
    }),
  );
}

/** The folders of temporary files, one for each worker. */
const readScratch = async (folder: string) =>
  (await readdir(folder)).filter((name) => name.startsWith("jobcast-work-"));

const waitForRun = (path: string, run: number) =>
  vi.waitFor(
    async () => {
      const pid = (await readRuns(path)).get(run);
      if (pid === undefined) throw new Error(`Run ${run} has not begun`);
      return pid;
    },
    { timeout: TAKEOVER_MS + 5000, interval: 50 },
  );

describe.concurrent("a job whose worker", { timeout: 60_000 }, () => {
  test("is killed is taken over by another, and nothing of the first lives on", async ({
    line,
    start,
    spawnWorker,
    folder,
  }) => {
    const path = join(folder, "word");
    const lost = spawnWorker();
    const jobId = await line.submit("wait", { options: { path } });
    const pid = await waitForRun(path, 1);
    lost.child.kill("SIGKILL");
    await once(lost.child, "exit");
    const since = Date.now();

    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
    const abandoned = await readScratch(folder);
    await start();
    expect(abandoned).toHaveLength(1);
    expect(await readScratch(folder)).toEqual([expect.not.stringMatching(abandoned.join())]);
    await waitForRun(path, 2);
    expect(Date.now() - since).toBeLessThan(TAKEOVER_MS + 2000);
    await writeFile(`${path}.2`, "");

    const { result, events } = await line.outcome(jobId);
    expect(result).toMatchObject({ run: 2 });
    expect(events.map(({ event }) => event)).toContain("stalled");
    const kept = (await line.files()).filter((name) => name.startsWith("files/"));
    expect(kept).toEqual([`files/jobs/${jobId}/2/a.txt`]);
  });

  test("is frozen is done by another, and what the first brings later is refused", async ({
    line,
    start,
    spawnWorker,
    folder,
  }) => {
    const path = join(folder, "word");
    const frozen = spawnWorker();
    const jobId = await line.submit("wait", { options: { path } });
    await waitForRun(path, 1);
    frozen.child.kill("SIGSTOP");
    await start();
    await waitForRun(path, 2);

    // The child of the frozen one goes on: it is done, and nobody listens yet.
    await writeFile(`${path}.1`, "");
    frozen.child.kill("SIGCONT");
    await vi.waitFor(() => expect(frozen.output()).toMatch(/lock/i));
    expect((await line.told(jobId)).map(({ event }) => event)).not.toContain("completed");
    await writeFile(`${path}.2`, "");

    const { result, events } = await line.outcome(jobId);
    expect(result).toMatchObject({ run: 2 });
    expect(events.filter(({ event }) => /^(completed|failed)$/.test(event))).toHaveLength(1);
  });

  test("loses its lock is stopped there, and may be done again in the same process", async ({
    line,
    start,
    redis,
    prefix,
    folder,
  }) => {
    const path = join(folder, "word");
    await start();
    const jobId = await line.submit("wait", { options: { path } });
    const first = await waitForRun(path, 1);
    const queue = queueName("probe", "normal");
    await redis.del(`${createKeys(prefix).bull(queue)}:${queue}:${jobId}:lock`);
    await vi.waitFor(() => expect(isAlive(first)).toBe(false), { timeout: LOCK_MS });
    await waitForRun(path, 2);
    await writeFile(`${path}.2`, "");
    const { result, events } = await line.outcome(jobId);
    expect(result).toMatchObject({ run: 2 });
    expect(events.filter(({ event }) => /^(completed|failed)$/.test(event))).toHaveLength(1);
  });
});
