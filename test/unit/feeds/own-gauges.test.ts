import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { takeSeat } from "../../../src/feeds/seat.ts";
import { audience, createEar, createFeed, openRoom } from "../../support/rooms.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const own = (jobId: string, progress: number) => ({
  event: "job-progress",
  jobId,
  data: JSON.stringify({ progress }),
});

describe("what a node says to a room by itself", () => {
  test("is heard by a member that is ahead of the tail, and leaves it there", () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const old = feed.gauge("a", 1);
    const { heard, listener } = createEar();
    // It has seen a snapshot from after the gauge, which the tail brings only now.
    room.enter(listener, { cursor: feed.head(), tailId: feed.tailId() });
    room.show(own("b", 7));
    room.handle(old);
    expect(heard).toEqual(["~b 7"]);
    room.handle(feed.gauge("c", 2));
    expect(heard).toEqual(["~b 7", "~c 2"]);
  });

  test("is not heard by one that the room has yet to catch up with", () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const fact = feed.fact();
    const { heard, listener } = createEar();
    room.enter(listener, { cursor: feed.head(), tailId: feed.tailId() });
    room.show(own("a", 7));
    room.handle(fact);
    room.handle(feed.fact());
    expect(heard).toEqual(["2"]);
  });

  test("is not kept for one that has not started: it is shown the same anew", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const { heard, listener } = createEar();
    const rest = { drained: async () => undefined, onLost: vi.fn() };
    const seat = await takeSeat(room, feed, { audience, listener, ...rest });
    room.show(own("a", 7));
    expect(heard).toEqual([]);
    seat.start();
    expect(heard).toEqual([]);
    room.show(own("b", 8));
    expect(heard).toEqual(["~b 8"]);
  });

  test("goes when a fact of its job comes before its turn", () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const { heard, listener } = createEar();
    room.enter(listener, { cursor: feed.head(), tailId: feed.tailId() });
    room.show(own("a", 1));
    room.show(own("a", 2));
    room.handle(feed.fact("a"));
    vi.runAllTimers();
    expect(heard).toEqual(["~a 1", "1"]);
  });
});
