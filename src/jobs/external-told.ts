import type { Held } from "./external-hold.ts";
import { runOf } from "./external-claims.ts";
import { settle } from "./settle.ts";
import type { StoredJob } from "./snapshot.ts";
import type { States } from "./states.ts";
import { type QueueEvent, transition } from "./transition.ts";

type Happened = Omit<QueueEvent, "at">;

/** A job as it is about to be told after something happened to the attempt in hand. */
export function foretell(
  { recorded, snapshot, job }: Held,
  happened: Happened,
  at: number,
): StoredJob {
  const { record } = recorded;
  // The feed may not know yet that the attempt has begun.
  const isBehind = snapshot.run < runOf(job);
  const begun = isBehind ? transition(snapshot, record, { at, event: "active" }) : undefined;
  const before = begun?.snapshot ?? snapshot;
  return (transition(before, record, { ...happened, at })?.snapshot ?? before).job;
}

/** A job as its feed tells it after the end of the attempt in hand, or is about to. */
export async function whenEnded(
  held: Held,
  happened: Happened,
  { states, now }: { states: Pick<States, "read">; now: () => number },
): Promise<StoredJob> {
  const run = runOf(held.job);
  const told = await settle(
    () => states.read(held.recorded.record),
    (snapshot) => snapshot.run >= run && snapshot.job.status !== "processing",
  );
  return told?.job ?? foretell(held, happened, now());
}
