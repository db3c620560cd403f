import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { at, createEar, createFeed, openRoom } from "../../support/rooms.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** A room with one member that stands where the feed stands. */
function setUp() {
  const feed = createFeed();
  const room = openRoom(feed);
  const { heard, listener } = createEar();
  room.enter(listener, { cursor: feed.head(), tailId: feed.tailId() });
  return { feed, room, heard, listener };
}

describe("a room", () => {
  test("tells what the tail brings, once", () => {
    const { feed, room, heard } = setUp();
    const entries = [feed.fact(), feed.gauge("a", 10), feed.fact()];
    for (const entry of [...entries, ...entries.slice(0, 1)]) room.handle(entry);
    expect(heard).toEqual(["1", "~a 10", "2"]);
  });

  test("reads from the log what the tail did not bring, and tells the rest after it", async () => {
    const { feed, room, heard } = setUp();
    feed.fact();
    room.handle(feed.fact());
    room.handle(feed.fact());
    room.handle(feed.gauge("b", 5));
    await vi.waitFor(() => expect(heard).toEqual(["1", "2", "3"]));
    room.handle(feed.fact());
    expect(heard).toEqual(["1", "2", "3", "4"]);
  });

  test("keeps what it hears while it reads", async () => {
    const { feed, room, heard } = setUp();
    const read = Promise.withResolvers<void>();
    feed.fact();
    feed.beforeRead = async () => {
      feed.beforeRead = async () => read.promise;
    };
    room.handle(feed.fact());
    await vi.waitFor(() => expect(heard).toEqual(["1", "2"]));
    feed.fact();
    room.handle(feed.fact());
    room.handle(feed.fact());
    room.handle(feed.fact());
    read.resolve();
    await vi.waitFor(() => expect(heard).toEqual(["1", "2", "3", "4", "5", "6"]));
  });

  test("reads the log again when more was said meanwhile than it keeps", async () => {
    const { feed, room, heard } = setUp();
    const read = Promise.withResolvers<void>();
    feed.beforeRead = () => read.promise;
    room.catchUp();
    for (let n = 0; n < 2500; n += 1) room.handle(feed.fact());
    read.resolve();
    await vi.waitFor(() => expect(heard).toHaveLength(2500));
    expect(heard.map(Number)).toEqual(heard.map((_, i) => i + 1));
  });

  test("shows after a gap how open jobs stand now", async () => {
    const { feed, room, heard } = setUp();
    feed.gauge("a", 70);
    feed.open = [JSON.stringify({ job: { jobId: "a", progress: 70 } })];
    room.catchUp();
    await vi.waitFor(() => expect(heard).toEqual(["~a 70"]));
    room.handle(feed.gauge("a", 80));
    await vi.advanceTimersByTimeAsync(100);
    expect(heard).toEqual(["~a 70", "~a 80"]);
  });

  test("announces what neither tail nor log can give", async () => {
    const { feed, room, heard } = setUp();
    room.handle(feed.fact());
    feed.epoch = "h.e";
    room.handle(feed.fact());
    await vi.waitFor(() => expect(heard).toEqual(["1", "! epoch h.e-2"]));
    room.handle(feed.fact());
    expect(heard.at(-1)).toBe("3");
  });

  test("tells no gauge that a fact of its job has made old", async () => {
    const { feed, room, heard } = setUp();
    for (const progress of [10, 20, 30]) room.handle(feed.gauge("a", progress));
    room.handle(feed.fact("a", "job-completed"));
    await vi.advanceTimersByTimeAsync(1000);
    expect(heard).toEqual(["~a 10", "1"]);
  });

  test("is behind a head further on or of another epoch", () => {
    const { room } = setUp();
    expect([at(0), at(1), at(0, "h.e")].map((head) => room.isBehind(head))).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("goes on reading after a failure", async () => {
    const { feed, room, heard } = setUp();
    feed.fact();
    feed.beforeRead = async () => {
      if (feed.reads < 3) throw new Error("away");
    };
    room.catchUp();
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(250);
      expect(heard).toEqual(["1"]);
    });
  });

  test("comes to rest when it is closed while it cannot read", async () => {
    const { feed, room, listener } = setUp();
    feed.beforeRead = () => Promise.reject(new Error("away"));
    room.catchUp();
    await vi.waitFor(() => expect(feed.reads).toBe(1));
    room.leave(listener);
    room.close();
    // Were it to go round without a pause, nothing else would have a turn.
    await setImmediate();
    const { reads } = feed;
    await vi.advanceTimersByTimeAsync(1000);
    expect(feed.reads).toBe(reads);
  });
});

describe("a member that has been told more than the room", () => {
  test("hears from its own place on", () => {
    const { feed, room } = setUp();
    const entries = [feed.fact(), feed.gauge("a", 1), feed.fact()];
    const ahead = createEar();
    room.enter(ahead.listener, { cursor: feed.head(), tailId: feed.tailId() });
    for (const entry of [...entries, feed.gauge("b", 2), feed.fact()]) room.handle(entry);
    expect(ahead.heard).toEqual(["~b 2", "3"]);
  });

  test("hears no gauge that its snapshot held already", () => {
    const { feed, room } = setUp();
    const entry = feed.gauge("a", 50);
    const ahead = createEar();
    room.enter(ahead.listener, { cursor: feed.head(), tailId: feed.tailId() });
    room.handle(entry);
    expect(ahead.heard).toEqual([]);
    room.handle(feed.gauge("b", 60));
    expect(ahead.heard).toEqual(["~b 60"]);
  });

  test("of an epoch that the room has yet to find out hears nothing twice", async () => {
    const { feed, room, heard } = setUp();
    feed.epoch = "h.e";
    feed.fact();
    const ahead = createEar();
    room.enter(ahead.listener, { cursor: feed.head(), tailId: feed.tailId() });
    room.handle(feed.fact());
    await vi.waitFor(() => expect(heard).toEqual(["! epoch h.e-2"]));
    expect(ahead.heard).toEqual(["! epoch h.e-2"]);
    room.handle(feed.fact());
    expect(ahead.heard.at(-1)).toBe("3");
  });
});
