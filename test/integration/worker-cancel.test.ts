import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { test } from "../support/workers.ts";

const CANCELLED = { code: "cancelled", message: "Cancelled" };

describe("cancelling", () => {
  test("before a worker is there ends the job without an attempt at it", async ({
    line,
    start,
    folder,
  }) => {
    const path = join(folder, "word");
    const jobId = await line.submit("wait", { options: { path } });
    await line.cancel(jobId);
    await start();

    expect((await line.outcome(jobId)).failure).toEqual({ ...CANCELLED, run: 1 });
    await expect(readFile(path)).rejects.toThrow("ENOENT");
  });

  test.for([
    { act: "obey", isDeaf: false, how: "heeds its signal" },
    { act: "spin", isDeaf: false, how: "hears nothing" },
    { act: "obey", isDeaf: true, how: "runs where the message was lost" },
  ])(
    "ends a job that $how, and leaves no file of it",
    async ({ act, isDeaf }, { line, start, folder }) => {
      const path = join(folder, "word");
      await start({ isDeaf });
      const jobId = await line.submit(act, { options: { path } });
      const next = await line.submit("echo");
      await vi.waitFor(() => readFile(path));
      const since = Date.now();
      await line.cancel(jobId);

      expect((await line.outcome(jobId)).failure).toEqual({ ...CANCELLED, run: 1 });
      expect(Date.now() - since).toBeLessThan(3000);
      expect((await line.outcome(next)).result).toMatchObject({ run: 1 });
      expect(await line.files()).toEqual(["word"]);
    },
  );

  test("of an earlier run does not stop a job retried by hand", async ({ line, start, redis }) => {
    const jobId = await line.submit("echo", { retries: 1 });
    await redis.hset(line.keys.job(jobId), "cancel", 0);
    await start();
    expect((await line.outcome(jobId)).result).toMatchObject({ run: 1 });
  });
});
