import { expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import { type Ear, eventsOf, listen } from "./listening.ts";
import { QUEUE, type Stage } from "./stage.ts";

/** Whom the jobs of these tests are told to: each has a feed of its own. */
export const audiences: Audience[] = ["user:42", "case:1"];

/** Ears for both, and a recorder at work. */
export async function hearBoth(stage: Stage) {
  const node = await stage.node();
  const ears: [Ear, Ear] = [await listen(node, "user:42"), await listen(node, "case:1")];
  return { ears, recorder: stage.recorder() };
}

export const isTold = (ears: Ear[], events: string[]) =>
  vi.waitFor(() => {
    for (const { items } of ears) expect(eventsOf(items)).toEqual(events);
  });

/** Has a worker end a job without its events being read: they are gone before anybody looks. */
export async function endUnheard(stage: Stage, run: () => Promise<unknown>): Promise<void> {
  await stage.work(async () => await run());
  await hasEnded(stage);
  await stage.redis.xtrim(stage.keys.events(QUEUE), "MAXLEN", 0);
}

/** The queue has said of a job that it ended. A worker's own event may come before anybody listens to it. */
export const hasEnded = ({ redis, keys }: Stage) =>
  vi.waitFor(async () => {
    const said = await redis.xrange(keys.events(QUEUE), "-", "+");
    expect(said.flatMap(([, fields]) => fields)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(completed|failed)$/)]),
    );
  });
