import { describe, expect } from "vitest";
import { createClusterNode } from "../support/cluster-node.ts";
import { freePort } from "../support/free-port.ts";
import { openGate } from "../support/tcp-gate.ts";
import { test as base } from "../support/workers.ts";

/** A process with the role `worker`, and the gate through which it reaches Redis. */
const test = base.extend("away", async ({ redisUrl, prefix, folder }, { onCleanup }) => {
  const stack = new AsyncDisposableStack();
  onCleanup(() => stack.disposeAsync());
  const gate = await openGate(Number(new URL(redisUrl).port));
  stack.defer(gate.close);
  const opsPort = await freePort();
  const node = createClusterNode({
    roles: ["worker"],
    opsPort,
    env: {
      PATH: process.env["PATH"] ?? "",
      OPS_PORT: `${opsPort}`,
      LOG_LEVEL: "warn",
      REDIS_URL: `redis://127.0.0.1:${gate.port}`,
      REDIS_PREFIX: prefix,
      DATA_DIR: folder,
      WORKER_TYPES: "image",
      DRAIN_SECONDS: "1",
    },
  });
  stack.defer(() => node.stop());
  await node.start();
  return { node, gate };
});

describe("a worker process", { timeout: 60_000 }, () => {
  test.for(["shut", "freeze"] as const)(
    "leaves in order, and in time, while Redis is away: %s",
    async (how, { away: { node, gate } }) => {
      gate[how]();
      await node.stop();
      expect(await node.exited()).toBe(0);
    },
  );
});
