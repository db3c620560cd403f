import { spawn } from "node:child_process";
import { connect } from "node:net";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, vi } from "vitest";
import { type ClusterNode, createClusterNode } from "../support/cluster-node.ts";
import { fetchToken, makePhoto, submitPhoto } from "../support/cluster-client.ts";
import { COMPILE_CACHE } from "../support/compile-cache.ts";
import { freePort } from "../support/free-port.ts";
import { test as postgresTest } from "../support/postgres.ts";
import { createWitness, type Witness } from "../support/witness.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const SECRET = "a-secret-for-the-tests-of-processes-alone";
const PATH = process.env["PATH"] ?? "";

interface Started {
  node: ClusterNode;
  url: string;
}

type Env = Record<string, string>;

/** Processes and devices of their own for each test, gone with it. */
const test = postgresTest
  .extend("opened", ({}, { onCleanup }) => {
    const opened = new AsyncDisposableStack();
    onCleanup(() => opened.disposeAsync());
    return opened;
  })
  .extend("folder", async ({ opened }) => {
    const folder = await mkdtemp(join(tmpdir(), "jobcast-test-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    return folder;
  })
  .extend("shared", ({ redisUrl, postgresUrl, prefix, folder }) => ({
    REDIS_URL: redisUrl,
    DATABASE_URL: postgresUrl,
    REDIS_PREFIX: prefix,
    DATA_DIR: folder,
    JWT_SECRET: SECRET,
  }))
  .extend("start", ({ opened }) => async (roles: string[], env: Env): Promise<Started> => {
    const [port, opsPort] = [await freePort(), await freePort()];
    const node = createClusterNode({
      roles,
      opsPort,
      env: { PATH, PORT: `${port}`, OPS_PORT: `${opsPort}`, LOG_LEVEL: "warn", ...env },
    });
    opened.defer(() => node.stop());
    await node.start();
    return { node, url: `http://127.0.0.1:${port}` };
  })
  // A process that is expected to end by itself.
  .extend("runToEnd", ({ opened }) => async (roles: string[], env: Env) => {
    const child = spawn(process.execPath, [MAIN, ...roles], {
      env: { ...COMPILE_CACHE, PATH, PORT: "0", ...env },
    });
    opened.defer(() => void child.kill("SIGKILL"));
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    return { code, errors };
  })
  // A device of Ada's.
  .extend("watch", ({ opened }) => async (url: string, token: string): Promise<Witness> => {
    const address = "10.0.1.1";
    const witness = createWitness({ url, token, userId: "ada", name: "ada", address });
    opened.defer(() => witness.close());
    await vi.waitFor(() => expect(witness.socket.connected).toBe(true), SOON);
    return witness;
  });

const SOON = { timeout: 20_000 };
const events = ({ heard }: Witness) => heard.map(({ event }) => event);

// Side by side: they wait for processes that start and end.
describe.concurrent("a process", () => {
  for (const roles of [["gateway"], ["recorder"], ["worker"], ["gateway", "recorder"], []]) {
    test(`with ${roles.join(" and ") || "every role"} leaves in order on SIGTERM`, async ({
      start,
      shared,
    }) => {
      const { node } = await start(roles, shared);
      node.signal("SIGTERM");
      expect(await node.exited()).toBe(0);
    });
  }

  test("in production goes on answering until load balancers have seen that it leaves", async ({
    start,
    shared,
  }) => {
    const { node, url } = await start(["gateway"], {
      ...shared,
      NODE_ENV: "production",
      DRAIN_SECONDS: "8",
    });
    node.signal("SIGTERM");
    await vi.waitFor(async () => expect(await node.isReady()).toBe(false), SOON);
    const answer = await fetch(`${url}/api/realtime/stats`);
    expect(await answer.json()).toMatchObject({ available: false });
    const token = await fetch(`${url}/api/dev/token`, { method: "POST" });
    expect(token.status).toBe(404);
    expect(await node.exited()).toBe(0);
  });

  test("that is waiting for a job in hand ends at once on a second SIGTERM", async ({
    start,
    watch,
    shared,
  }) => {
    const [gateway, worker] = await Promise.all([
      start(["gateway", "recorder"], shared),
      start(["worker"], shared),
    ]);
    const token = await fetchToken(gateway.url, "ada");
    const ada = await watch(gateway.url, token);
    await submitPhoto(gateway.url, token, await makePhoto(), { variants: SLOW });
    await vi.waitFor(() => expect(events(ada)).toContain("job-started"), SOON);

    worker.node.signal("SIGTERM");
    await vi.waitFor(async () => expect(await worker.node.isReady()).toBe(false), SOON);
    // The same signal within a moment counts as one: a Ctrl-C comes from the terminal and from npm.
    await vi.waitFor(() => {
      worker.node.signal("SIGTERM");
      expect(worker.node.hasEnded()).toBe(true);
    }, SOON);
    expect(await worker.node.exited()).toBe(1);
  });

  test("keeps everything of its own in a folder, and shows the outcome of a job that it was killed in", async ({
    start,
    watch,
    folder,
  }) => {
    const { node, url } = await start([], { DATA_DIR: folder, JWT_SECRET: SECRET });
    const token = await fetchToken(url, "ada");
    const ada = await watch(url, token);
    const variants = SLOW.slice(0, 1);
    const jobId = await submitPhoto(url, token, await makePhoto(), { variants });
    await vi.waitFor(() => expect(events(ada)).toContain("job-started"), SOON);
    node.signal("SIGKILL");
    await node.start();
    await vi.waitFor(() => expect(ada.outcomes().get(jobId)).toBe("job-completed"), 60_000);
    expect(events(ada)).toContain("job-retrying");
  });

  test("may have any one role with nothing but a Redis in common", async ({
    start,
    watch,
    shared,
  }) => {
    const { DATABASE_URL: _, ...env } = shared;
    const roles = ["gateway", "recorder", "worker"];
    const [gateway] = await Promise.all(roles.map((role) => start([role], env)));
    const url = gateway?.url ?? "";
    const token = await fetchToken(url, "ada");
    const ada = await watch(url, token);
    const jobId = await submitPhoto(url, token, await makePhoto());
    await vi.waitFor(() => expect(ada.outcomes().get(jobId)).toBe("job-completed"), SOON);
  });

  test("does not start with a configuration that cannot be used, and says why in one line for each variable", async ({
    runToEnd,
  }) => {
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

  test("has a thousand clients wait in line while it is busy", async ({ start, shared }) => {
    const { node, url } = await start(["gateway"], shared);
    node.signal("SIGSTOP");
    const port = Number(new URL(url).port);
    const sockets = Array.from({ length: 1000 }, () => connect({ port, host: "127.0.0.1" }));
    try {
      // The system takes connections for a process that stands still, as many as it may keep.
      await vi.waitFor(async () => expect(await inLine(port)).toBe(sockets.length));
    } finally {
      for (const socket of sockets) socket.destroy();
      node.signal("SIGCONT");
    }
  });

  test("does not start with a role that is not known", async ({ runToEnd }) => {
    const { code, errors } = await runToEnd(["gatway"], {});
    expect(code).toBe(1);
    expect(errors).toContain("gatway is no role; known are gateway, recorder, worker");
  });

  test("does not start in a folder that another one uses", async ({ start, runToEnd, folder }) => {
    await start(["recorder"], { DATA_DIR: folder });
    const { code, errors } = await runToEnd(["recorder"], { DATA_DIR: folder });
    expect(code).toBe(1);
    expect(errors).toContain("REDIS_URL");
  });

  test("does not start beside others on its Redis with settings that must be the same", async ({
    start,
    runToEnd,
    shared,
    folder,
  }) => {
    await start(["gateway"], shared);
    const others = {
      STORAGE_URL: `file:${join(folder, "elsewhere")}`,
      JWT_SECRET: "another-secret-of-thirty-two-bytes-or-more",
      FEED_PARTITIONS: "8",
    };
    for (const [name, value] of Object.entries(others)) {
      const { code, errors } = await runToEnd(["gateway"], { ...shared, [name]: value });
      expect(code).toBe(1);
      expect(errors).toContain(`${name}: this process`);
    }
  });
});

/** AVIF takes seconds. */
const SLOW = Array.from({ length: 8 }, (_, i) => ({
  name: `slow-${i}`,
  width: 1600,
  format: "avif",
}));

/** How many connections to a port of this machine nobody has taken yet: for one that listens, the system counts them where bytes would stand. */
async function inLine(port: number): Promise<number> {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const table = await readFile("/proc/net/tcp", "utf8");
  const fields = table.split("\n").map((line) => line.trim().split(/\s+/));
  const listening = fields.find((each) => each[1] === local && each[3] === "0A");
  return Number.parseInt(listening?.[4]?.split(":")[1] ?? "0", 16);
}
