import type { Writer } from "../../src/feeds/append.ts";
import { createApply } from "../../src/recorder/apply.ts";
import { createRounds } from "../../src/jobs/rounds.ts";
import { createMeasure } from "../../src/recorder/measure.ts";
import { createParking } from "../../src/recorder/parking.ts";
import type { SourceEvent } from "../../src/recorder/queue-events.ts";
import { ALONE } from "./alone.ts";
import { leaseOf, PARTITIONS, QUEUE, sign, silent, type Stage } from "./stage.ts";

/** Nobody waits for the jobs of these tests. */
export const NONE = { settle: async () => undefined, look: async () => undefined };

/** The recorder's way of applying a batch, under a lease that nobody contests. */
export function createApplier(stage: Stage, writer: Writer = stage.writer) {
  const { redis, keys } = stage;
  const deps = { redis, keys, partitions: PARTITIONS, log: silent };
  const parking = createParking(deps);
  const rounds = createRounds(deps);
  const apply = createApply({
    ...deps,
    lease: leaseOf(QUEUE),
    writer,
    parking,
    sign,
    retentionDays: 1,
    rounds,
    measure: createMeasure(deps),
    followers: NONE,
  });
  return (...events: SourceEvent[]) => apply(events, ALONE.begin());
}
