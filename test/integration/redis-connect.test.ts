import { describe, expect, onTestFinished, test } from "vitest";
import { openRedis, openUnwatchedRedis } from "../../src/redis/connect.ts";
import { freePort } from "../support/free-port.ts";

describe("a connection whose promises nobody looks at", () => {
  test("is closed with commands unanswered and leaves no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    const listeners = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", note);
    onTestFinished(() => {
      process.off("unhandledRejection", note);
      for (const listener of listeners) process.on("unhandledRejection", listener);
    });
    const url = `redis://127.0.0.1:${await freePort()}`;
    const ended = [openUnwatchedRedis, openRedis].map(async (open) => {
      const redis = open(url, "test-unwatched");
      redis.on("error", () => undefined);
      const end = new Promise((resolve) => redis.once("end", resolve));
      void redis.psubscribe("news");
      redis.disconnect();
      await end;
    });
    await Promise.all(ended);
    // That of the watched one shows that there would have been one.
    await expect.poll(() => unhandled).toHaveLength(1);
  });
});
