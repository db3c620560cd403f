import type { Audience } from "../../src/contract/names.ts";
import type { Feeds } from "../../src/feeds/feeds.ts";
import type { Item } from "../../src/feeds/item.ts";
import type { Seat, SeatRequest } from "../../src/feeds/seat.ts";

export interface Ear {
  seat: Seat;
  /** All that was heard, in order. */
  items: Item[];
}

/** Joins a feed and starts at once. */
export async function listen(feeds: Feeds, audience: Audience, cursor?: unknown): Promise<Ear> {
  const ear = await joinOnly(feeds, { audience, cursor });
  ear.seat.start();
  return ear;
}

/** Joins a feed and leaves it to the test to start. */
export async function joinOnly(
  feeds: Feeds,
  request: Partial<SeatRequest> & Pick<SeatRequest, "audience">,
): Promise<Ear> {
  const items: Item[] = [];
  const seat = await feeds.join({
    listener: { hear: (item) => void items.push(item) },
    drained: async () => undefined,
    onLost: (reason) => {
      throw reason;
    },
    ...request,
  });
  return { seat, items };
}

/** The places of the facts that were heard. */
export const seqsOf = (items: Item[]): number[] =>
  items.flatMap((item) => (item.kind === "fact" ? [item.cursor.seq] : []));

/** What was heard, in short: `job-started 3`, `resync epoch`. */
export const namesOf = (items: Item[]): string[] =>
  items.map((item) => {
    if (item.kind === "resync") return `resync ${item.reason}`;
    return item.kind === "fact" ? `${item.event} ${item.cursor.seq}` : item.event;
  });

/** The events of facts, in order. */
export const eventsOf = (items: Item[], jobId?: string): string[] =>
  items.flatMap((item) =>
    item.kind === "fact" && (jobId === undefined || item.jobId === jobId) ? [item.event] : [],
  );

/** 1 … n. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);
