import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, vi } from "vitest";
import { callAs, submitExternal } from "../support/external.ts";
import { someone } from "../support/gateway.ts";
import { test as base } from "../support/socket-client.ts";

const EXAMPLE = new URL("../../docs/examples/external_worker.py", import.meta.url).pathname;
/** A lost worker is noticed within ten seconds after its lease of five. */
const LOST = { timeout: 30_000, interval: 50 };
const WAIT = { timeout: 20_000, interval: 20 };

/** Starts the example of the docs as a process of its own, and lets a user hear of jobs. */
const test = base
  .extend("python", async ({ installation }, { onCleanup }) => {
    const node = await installation.start({ roles: ["gateway", "recorder"] });
    const opened: AsyncDisposable[] = [];
    onCleanup(async () => {
      for (const one of opened) await one[Symbol.asyncDispose]();
    });
    function start() {
      const child = spawn("python3", [EXAMPLE], {
        env: {
          PATH: process.env["PATH"],
          JOBCAST_URL: node.url,
          JOBCAST_TOKEN: node.token(someone(), { roles: ["service"] }),
          LEASE_SECONDS: "5",
          POLL_SECONDS: "0.1",
        },
        stdio: ["ignore", "inherit", "pipe"],
      });
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
      const ended = once(child, "exit");
      opened.push({
        async [Symbol.asyncDispose]() {
          child.kill("SIGKILL");
          await ended;
        },
      });
      return {
        said: () => said,
        async kill(signal: NodeJS.Signals): Promise<unknown> {
          child.kill(signal);
          const [code] = await ended;
          return code;
        },
      };
    }
    return { node, start };
  })
  .extend("user", async ({ python: { node }, connect }) => {
    const token = node.token(someone());
    const { heard, ready } = connect(node.url, { token });
    await ready();
    const told = (jobId: string) => heard.filter(({ data }) => data["jobId"] === jobId);
    return {
      submit: (data: unknown) => submitExternal(node, token, { input: { data } }),
      cancel: (jobId: string) => callAs(token)(node, `/api/jobs/${jobId}/cancel`),
      told,
      last: (jobId: string) => told(jobId).at(-1),
      facts: (jobId: string) =>
        told(jobId)
          .map(({ name }) => name)
          .filter((name) => name !== "job-progress"),
    };
  });

const SLOW = { text: "one\ntwo\nthree\nfour\nfive\nsix", pause: 0.5 };

// Side by side: they wait for leases to run out.
describe.concurrent("the worker in Python that the docs show", { timeout: 60_000 }, () => {
  test("works on jobs, tells how far it is, and how they ended", async ({ python, user }) => {
    const worker = python.start();
    const good = await user.submit({ text: "one two\nthree\nfour five six", pause: 0.1 });
    const bad = await user.submit({ no: "text" });
    await vi.waitFor(
      () =>
        expect(user.last(good)).toMatchObject({
          name: "job-completed",
          data: { result: { lines: 3, words: 6 } },
        }),
      WAIT,
    );
    expect(user.told(good).map(({ data }) => data["step"])).toContain("line 2 of 3");
    await vi.waitFor(
      () =>
        expect(user.last(bad)).toMatchObject({
          name: "job-failed",
          data: { error: { code: "input_corrupt", message: "The data have no text" } },
        }),
      WAIT,
    );
    expect(await worker.kill("SIGTERM")).toBe(0);
    expect(worker.said()).toContain("left");
  });

  test("stops when its job is cancelled, and goes on with the next", async ({ python, user }) => {
    const worker = python.start();
    const cancelled = await user.submit(SLOW);
    await vi.waitFor(() => expect(user.facts(cancelled)).toContain("job-started"), WAIT);
    const next = await user.submit({ text: "one" });
    expect(await user.cancel(cancelled)).toMatchObject({ status: 200 });
    await vi.waitFor(() => expect(user.facts(next)).toContain("job-completed"), WAIT);
    expect(user.facts(cancelled)).toEqual(["job-queued", "job-started", "job-cancelled"]);
    expect(worker.said()).toContain(`${cancelled}: left alone`);
  });

  test("keeps its lease while it says nothing", async ({ python, user }) => {
    python.start();
    const jobId = await user.submit({ text: "one", pause: 12 });
    await vi.waitFor(() => expect(user.facts(jobId)).toContain("job-completed"), LOST);
    expect(user.facts(jobId)).toEqual(["job-queued", "job-started", "job-completed"]);
  });

  test("gives its job back on SIGTERM, and loses it when it is killed", async ({
    python,
    user,
  }) => {
    const first = python.start();
    const jobId = await user.submit(SLOW);
    await vi.waitFor(() => expect(user.facts(jobId)).toContain("job-started"), WAIT);
    expect(await first.kill("SIGTERM")).toBe(0);
    await vi.waitFor(() => expect(user.facts(jobId)).toContain("job-retrying"), WAIT);

    const second = python.start();
    await vi.waitFor(() => expect(user.facts(jobId).at(-1)).toBe("job-started"), WAIT);
    await second.kill("SIGKILL");
    await vi.waitFor(() => expect(user.facts(jobId).at(-1)).toBe("job-retrying"), LOST);
    expect(user.last(jobId)).toMatchObject({ data: { error: { code: "worker_lost" } } });

    python.start();
    await vi.waitFor(() => expect(user.facts(jobId).at(-1)).toBe("job-completed"), LOST);
    expect(user.last(jobId)).toMatchObject({ data: { attempt: 3, result: { words: 6 } } });
  });
});
