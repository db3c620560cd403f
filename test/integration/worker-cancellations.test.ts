import { pino } from "pino";
import { afterEach, describe, expect, vi } from "vitest";
import { openRedis } from "../../src/redis/connect.ts";
import { createCancellations } from "../../workers/cancellations.ts";
import { test as base } from "../support/workers.ts";

const test = base.extend("cancellations", async ({ redis, redisUrl, line }, { onCleanup }) => {
  // Nobody looks by the clock, so that what is heard came by message.
  vi.useFakeTimers({ toFake: ["setInterval"] });
  const subscriber = openRedis(redisUrl, "cancellations-test");
  const log = pino({ level: "silent" });
  const cancellations = createCancellations({ redis, subscriber, keys: line.keys, log });
  onCleanup(() => {
    cancellations.close();
    subscriber.disconnect();
  });
  await vi.waitFor(async () =>
    expect(await redis.pubsub("NUMSUB", line.keys.cancelChannel)).toContain(1),
  );
  return cancellations;
});

afterEach(() => void vi.useRealTimers());

describe("a cancel request", () => {
  test("reaches by message each run of its job, once, and no other", async ({
    line,
    cancellations,
  }) => {
    const [one, other] = [await line.submit("echo"), await line.submit("echo")];
    const heard: string[] = [];
    const leave = cancellations.watch(one, 0, () => heard.push("gone"));
    cancellations.watch(one, 0, () => heard.push("first"));
    cancellations.watch(one, 0, () => heard.push("second"));
    cancellations.watch(other, 0, () => heard.push("other"));
    cancellations.watch(one, 1, () => heard.push("retried"));
    leave();

    await line.cancel(one);
    await vi.waitFor(() => expect(heard.toSorted()).toEqual(["first", "second"]));

    await line.cancel(one);
    await line.cancel(other);
    await vi.waitFor(() => expect(heard).toContain("other"));
    expect(heard.toSorted()).toEqual(["first", "other", "second"]);
  });

  test("is found again by whoever looks later", async ({ line, cancellations }) => {
    const jobId = await line.submit("echo");
    expect(await cancellations.isCancelled(jobId, 0)).toBe(false);
    await line.cancel(jobId);
    expect(await cancellations.isCancelled(jobId, 0)).toBe(true);
    expect(await cancellations.isCancelled(jobId, 1)).toBe(false);
  });
});
