import { expect, vi } from "vitest";
import { QUEUE, type Stage } from "./stage.ts";

/** The recorder has read all that the queue said. */
export const isCaughtUp = ({ redis, keys }: Stage) =>
  vi.waitFor(async () => {
    const [newest] = await redis.xrevrange(keys.events(QUEUE), "+", "-", "COUNT", 1);
    expect(await redis.get(keys.place(QUEUE))).toBe(newest?.[0]);
  });
