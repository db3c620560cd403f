import { pino } from "pino";
import { describe, expect } from "vitest";
import { loadConfig } from "../../src/config.ts";
import { openRedis } from "../../src/redis/connect.ts";
import { createKeys } from "../../src/redis/keys.ts";
import { startQueueSweep, startUploadSweep } from "../../src/roles/recorder-role.ts";
import { openGate } from "../support/tcp-gate.ts";
import { test } from "../support/workers.ts";

describe("the sweeps of a process", () => {
  test.for(["shut", "freeze"] as const)(
    "do not keep it while Redis is away: %s",
    async (how, { redisUrl, prefix, store, onTestFinished }) => {
      const gate = await openGate(Number(new URL(redisUrl).port));
      onTestFinished(gate.close);
      const redis = openRedis(`redis://127.0.0.1:${gate.port}`, "sweeps");
      redis.on("error", () => undefined);
      onTestFinished(() => redis.disconnect());
      await redis.ping();
      gate[how]();
      const stack = new AsyncDisposableStack();
      const resources = {
        redis,
        store,
        keys: createKeys(prefix),
        queues: ["image.normal"],
        config: loadConfig({}),
        log: pino({ level: "silent" }),
      };
      startQueueSweep(resources, stack);
      startUploadSweep(resources, stack);

      await expect(stack.disposeAsync()).resolves.toBeUndefined();
    },
  );
});
