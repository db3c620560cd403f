import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { isAlive } from "../support/is-alive.ts";
import probe from "../support/probe-task.ts";
import { test } from "../support/workers.ts";

describe("a child process", () => {
  test("that is killed costs one attempt, and leaves nothing behind", async ({ line, start }) => {
    await start();
    const jobId = await line.submit("die");

    const { result, progress } = await line.outcome(jobId);

    expect(result).toMatchObject({ run: 2 });
    const error = { code: "internal", message: "The worker process ended unexpectedly" };
    expect(progress).toContainEqual({ run: 1, percent: 0, step: null, error });
    expect(await line.files()).toEqual([`files/jobs/${jobId}/2/a.txt`]);
  });

  test("is used again, but not after a failure", async ({ line, start }) => {
    await start();
    const pids = [];
    for (const act of ["echo", "echo", "refuse", "echo"]) {
      const { result } = await line.outcome(await line.submit(act));
      pids.push(result?.["pid"]);
    }

    const [first, second, , third] = pids;
    expect(second).toBe(first);
    expect(third).toEqual(expect.any(Number));
    expect(third).not.toBe(first);
    expect(isAlive(Number(first))).toBe(false);
  });

  test("knows nothing of its parent's environment", async ({ line, start }) => {
    vi.stubEnv("JWT_SECRET", "a secret that is nobody's business");
    await start();
    const { result } = await line.outcome(await line.submit("environment"));
    vi.unstubAllEnvs();

    const names = result?.["names"];
    expect(names).not.toContain("JWT_SECRET");
    expect(names).not.toContain("HOME");
    expect(result?.["arguments"]).toEqual(["--max-old-space-size=512"]);
  });

  test("that grows too large is killed, for good", async ({ line, start }) => {
    await start({ task: { ...probe, maxMemoryBytes: 400_000_000 } });
    const { failure, events } = await line.outcome(await line.submit("grow"));
    expect(failure).toEqual({
      code: "input_too_large",
      message: "The work needed more memory than is allowed",
      run: 1,
    });
    expect(events.filter(({ event }) => event === "active")).toHaveLength(1);
  });

  test.for([
    { maxMemoryBytes: 500_000_000, times: 300 },
    { maxMemoryBytes: 2_000_000_000, times: 500 },
  ])(
    "is not used again while it keeps much of what it took: %o",
    async ({ maxMemoryBytes, times }, { line, start }) => {
      await start({ task: { ...probe, maxMemoryBytes } });
      const pids = new Set();
      for (let i = 0; i < 2; i += 1) {
        const { result } = await line.outcome(await line.submit("keep", { options: { times } }));
        pids.add(result?.["pid"]);
      }
      expect(pids.size).toBe(2);
      expect([...pids]).toEqual([expect.any(Number), expect.any(Number)]);
    },
  );

  test("is killed with a program it started when that grows too large", async ({
    line,
    start,
    folder,
  }) => {
    await start({ task: { ...probe, maxMemoryBytes: 400_000_000 } });
    const path = join(folder, "word");
    const jobId = await line.submit("growElsewhere", { options: { path } });
    const { failure } = await line.outcome(jobId);

    expect(failure).toMatchObject({ code: "input_too_large", run: 1 });
    const [, pid] = (await readFile(path, "utf8")).split(" ");
    await vi.waitFor(() => expect(isAlive(Number(pid))).toBe(false));
  });

  test("that dies takes along what it started", async ({ line, start, folder }) => {
    await start({ task: { ...probe, maxAttempts: 1 } });
    const path = join(folder, "word");
    const jobId = await line.submit("growElsewhere", { options: { path } });
    const status = await vi.waitFor(async () => {
      const [, started] = (await readFile(path, "utf8")).split(" ");
      return readFile(`/proc/${Number(started)}/status`, "utf8");
    });
    const pid = /^Pid:\s+(\d+)$/m.exec(status)?.[1];
    process.kill(Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]), "SIGKILL");

    await vi.waitFor(() => expect(isAlive(Number(pid))).toBe(false));
    await line.cancel(jobId);
  });

  test("that takes too long is killed, for good, though it hears nothing", async ({
    line,
    start,
    folder,
  }) => {
    await start({ task: { ...probe, timeoutMs: 3000 } });
    const path = join(folder, "word");
    const { failure } = await line.outcome(await line.submit("spin", { options: { path } }));

    expect(failure).toEqual({ code: "timeout", message: "The work took too long", run: 1 });
    const [, pid] = (await readFile(path, "utf8")).split(" ");
    expect(isAlive(Number(pid))).toBe(false);
  });

  test("is gone when its worker has closed", async ({ line, start, folder }) => {
    const worker = await start({ concurrency: 2 });
    const path = join(folder, "word");
    const done = await line.outcome(await line.submit("echo"));
    await line.submit("spin", { options: { path } });
    const spinning = await vi.waitFor(() => readFile(path, "utf8"));

    await worker.close(0);

    expect(isAlive(Number(done.result?.["pid"]))).toBe(false);
    expect(isAlive(Number(spinning.split(" ")[1]))).toBe(false);
    expect((await readdir(folder)).toSorted()).toEqual(["files", "word"]);
    expect(await line.files()).toEqual(["word"]);
  });
});
