import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, vi } from "vitest";
import { type ClusterNode, createClusterNode } from "../support/cluster-node.ts";
import { fetchToken, makePhoto, submitPhoto } from "../support/cluster-client.ts";
import { freePort } from "../support/free-port.ts";
import { test as postgresTest } from "../support/postgres.ts";
import { createWitness } from "../support/witness.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const SECRET = "a-secret-for-the-tests-of-processes-alone";

interface Started {
  node: ClusterNode;
  url: string;
}

/** A process with the roles named; stopped with the test. */
async function start(roles: string[], env: Record<string, string>): Promise<Started> {
  const [port, opsPort] = [await freePort(), await freePort()];
  const path = process.env["PATH"] ?? "";
  const node = createClusterNode({
    roles,
    opsPort,
    env: { PATH: path, PORT: `${port}`, OPS_PORT: `${opsPort}`, LOG_LEVEL: "warn", ...env },
  });
  onTestFinished(() => node.stop());
  await node.start();
  return { node, url: `http://127.0.0.1:${port}` };
}

/** Runs a process that is expected to end by itself. */
async function runToEnd(roles: string[], env: Record<string, string>) {
  const path = process.env["PATH"] ?? "";
  const child = spawn(process.execPath, [MAIN, ...roles], {
    env: { PATH: path, PORT: "0", ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code, errors };
}

const test = postgresTest
  .extend("folder", async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "jobcast-test-"));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    return folder;
  })
  .extend("shared", ({ redisUrl, postgresUrl, prefix, folder }) => ({
    REDIS_URL: redisUrl,
    DATABASE_URL: postgresUrl,
    REDIS_PREFIX: prefix,
    DATA_DIR: folder,
    JWT_SECRET: SECRET,
  }));

describe("a process", () => {
  for (const roles of [["gateway"], ["recorder"], ["worker"], ["gateway", "recorder"], []]) {
    test(`with ${roles.join(" and ") || "every role"} leaves in order on SIGTERM`, async ({
      shared,
    }) => {
      const { node } = await start(roles, shared);
      node.signal("SIGTERM");
      expect(await node.exited()).toBe(0);
    });
  }

  test("in production goes on answering until load balancers have seen that it leaves", async ({
    shared,
  }) => {
    const { node, url } = await start(["gateway"], {
      ...shared,
      NODE_ENV: "production",
      DRAIN_SECONDS: "8",
    });
    node.signal("SIGTERM");
    await vi.waitFor(async () => expect(await node.isReady()).toBe(false));
    const answer = await fetch(`${url}/api/realtime/stats`);
    expect(await answer.json()).toMatchObject({ available: false });
    const token = await fetch(`${url}/api/dev/token`, { method: "POST" });
    expect(token.status).toBe(404);
    expect(await node.exited()).toBe(0);
  });

  test("that is waiting for a job in hand ends at once on a second SIGTERM", async ({ shared }) => {
    const gateway = await start(["gateway", "recorder"], shared);
    const worker = await start(["worker"], shared);
    const token = await fetchToken(gateway.url, "ada");
    const watch = createWitness({
      url: gateway.url,
      token,
      userId: "ada",
      name: "ada",
      address: "10.0.1.1",
    });
    onTestFinished(() => watch.close());
    await vi.waitFor(() => expect(watch.socket.connected).toBe(true));
    await submitPhoto(gateway.url, token, await makePhoto(), { variants: SLOW });
    await vi.waitFor(
      () => expect(watch.heard.map(({ event }) => event)).toContain("job-started"),
      10_000,
    );

    worker.node.signal("SIGTERM");
    await vi.waitFor(async () => expect(await worker.node.isReady()).toBe(false));
    // The same signal within a moment counts as one: a Ctrl-C comes from the terminal and from npm.
    await vi.waitFor(() => {
      worker.node.signal("SIGTERM");
      expect(worker.node.hasEnded()).toBe(true);
    });
    expect(await worker.node.exited()).toBe(1);
  });

  test("keeps everything of its own in a folder, and shows the outcome of a job that it was killed in", async ({
    folder,
  }) => {
    const env = { DATA_DIR: folder, JWT_SECRET: SECRET };
    const first = await start([], env);
    const token = await fetchToken(first.url, "ada");
    const watch = createWitness({
      url: first.url,
      token,
      userId: "ada",
      name: "ada",
      address: "10.0.1.2",
    });
    onTestFinished(() => watch.close());
    await vi.waitFor(() => expect(watch.socket.connected).toBe(true));
    const jobId = await submitPhoto(first.url, token, await makePhoto());
    await vi.waitFor(
      () => expect(watch.heard.map(({ event }) => event)).toContain("job-started"),
      10_000,
    );
    first.node.signal("SIGKILL");
    await first.node.start();
    await vi.waitFor(() => expect(watch.outcomes().get(jobId)).toBe("job-completed"), 40_000);
  }, 90_000);

  test("may have any one role with nothing but a Redis in common", async ({ shared }) => {
    const { DATABASE_URL: _, ...env } = shared;
    const { url } = await start(["gateway"], env);
    await Promise.all([start(["recorder"], env), start(["worker"], env)]);
    const token = await fetchToken(url, "ada");
    const watch = createWitness({ url, token, userId: "ada", name: "ada", address: "10.0.1.3" });
    onTestFinished(() => watch.close());
    const jobId = await submitPhoto(url, token, await makePhoto());
    await vi.waitFor(() => expect(watch.outcomes().get(jobId)).toBe("job-completed"), 10_000);
  });

  test("does not start with a configuration that cannot be used, and says why in one line for each variable", async () => {
    const { code, errors } = await runToEnd([], {
      PORT: "http",
      JWT_SECRET: "short",
      REDIS_URL: "localhost",
    });
    expect(code).toBe(1);
    expect(errors.trim().split("\n")).toEqual([
      "Invalid configuration:",
      expect.stringMatching(/^ {2}PORT /),
      expect.stringMatching(/^ {2}REDIS_URL /),
      expect.stringMatching(/^ {2}JWT_SECRET /),
    ]);
    expect(errors).not.toContain("short");
  });

  test("does not start with a role that is not known", async () => {
    const { code, errors } = await runToEnd(["gatway"], {});
    expect(code).toBe(1);
    expect(errors).toContain("gatway is no role; known are gateway, recorder, worker");
  });

  test("does not start in a folder that another one uses", async ({ folder }) => {
    await start([], { DATA_DIR: folder });
    const { code, errors } = await runToEnd([], { DATA_DIR: folder });
    expect(code).toBe(1);
    expect(errors).toContain("REDIS_URL");
  }, 60_000);

  for (const [what, other] of Object.entries({
    STORAGE_URL: { STORAGE_URL: `file:${join(tmpdir(), `elsewhere-${process.pid}`)}` },
    JWT_SECRET: { JWT_SECRET: "another-secret-of-thirty-two-bytes-or-more" },
    FEED_PARTITIONS: { FEED_PARTITIONS: "8" },
  })) {
    test(`does not start beside others on its Redis when ${what} is another`, async ({
      shared,
    }) => {
      await start(["gateway"], shared);
      const { code, errors } = await runToEnd(["gateway"], { ...shared, ...other });
      expect(code).toBe(1);
      expect(errors).toContain(`${what}: this process`);
    });
  }
});

/** AVIF takes seconds. */
const SLOW = Array.from({ length: 8 }, (_, i) => ({
  name: `slow-${i}`,
  width: 1600,
  format: "avif",
}));
