import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { test } from "../support/workers.ts";

describe("closing a worker", () => {
  test("lets the job in hand finish, and takes no other", async ({ line, start, folder }) => {
    const path = join(folder, "word");
    const worker = await start();
    const inHand = await line.submit("wait", { options: { path } });
    const waiting = await line.submit("echo");
    await vi.waitFor(() => readFile(path));

    const closed = worker.close(20_000);
    await writeFile(`${path}.1`, "");
    await closed;

    expect((await line.outcome(inHand)).result).toMatchObject({ run: 1 });
    expect((await line.told(waiting)).map(({ event }) => event)).toEqual(["added", "waiting"]);
  });

  test("puts back what is not done in time, for another worker, at no cost", async ({
    line,
    start,
    folder,
  }) => {
    const path = join(folder, "word");
    const worker = await start();
    const jobId = await line.submit("wait", { options: { path }, maxAttempts: 1 });
    await vi.waitFor(() => readFile(path));

    await worker.close(100);
    const told = await line.told(jobId);
    await writeFile(`${path}.2`, "");
    await start();

    expect(told.map(({ event }) => event)).toEqual(["added", "waiting", "active", "waiting"]);
    expect((await line.outcome(jobId)).result).toMatchObject({ run: 2 });
  });

  test("leaves no file of what it puts back", async ({ line, start, folder }) => {
    const path = join(folder, "word");
    const first = await start();
    const jobId = await line.submit("obey", { options: { path }, maxAttempts: 1 });
    await vi.waitFor(() => readFile(path));
    await first.close(0);

    expect(await line.files()).toEqual(["word"]);
    expect((await line.told(jobId)).at(-1)?.event).toBe("waiting");
  });
});
