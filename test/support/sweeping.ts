import { expect, vi } from "vitest";
import type { Item } from "../../src/feeds/item.ts";
import { sweep, type SweepOptions } from "../../src/recorder/sweep.ts";
import { ALONE } from "./alone.ts";
import { NONE } from "./applier.ts";
import { type Ear, eventsOf } from "./listening.ts";
import { leaseOf, PARTITIONS, sign, silent, type Stage } from "./stage.ts";

/** A sweep of this moment that trusts nothing to be on its way; resolves to how many it mended. */
export const sweepNow = (
  stage: Stage & Partial<Pick<SweepOptions, "followers" | "replicas">>,
  patience: Pick<SweepOptions, "unchangedMs" | "lateMs" | "isThorough"> = {
    unchangedMs: 0,
    lateMs: 0,
  },
): Promise<number> =>
  sweep(
    { ...leaseOf("keeper"), fence: 99 },
    {
      followers: NONE,
      replicas: ALONE,
      ...stage,
      partitions: PARTITIONS,
      sign,
      log: silent,
      ...patience,
    },
  );

/** Sweeps until these ears have been told this, and there is nothing left. Not until so many were mended: one whose answer was lost is not counted. */
export async function mends(stage: Stage, ears: Ear[], told: readonly string[]): Promise<void> {
  await vi.waitFor(async () => {
    await sweepNow(stage);
    for (const { items } of ears) expect(eventsOf(items)).toEqual(told);
  });
  expect(await sweepNow(stage)).toBe(0);
}

export const eventIds = (items: Item[]): string[] =>
  items.flatMap((item) => (item.kind === "fact" ? [JSON.parse(item.data).eventId] : []));
