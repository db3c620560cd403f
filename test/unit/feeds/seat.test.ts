import { describe, expect, test, vi } from "vitest";
import type { Item } from "../../../src/feeds/item.ts";
import type { Room } from "../../../src/feeds/room.ts";
import { type SeatRequest, takeSeat } from "../../../src/feeds/seat.ts";
import { audience, createEar, createFeed, openRoom, type TestFeed } from "../../support/rooms.ts";

function sit(room: Room, feed: TestFeed, more: Partial<SeatRequest> = {}) {
  const { heard, listener } = createEar();
  const onLost = vi.fn();
  const request = { audience, listener, drained: async () => undefined, onLost, ...more } as const;
  return { heard, onLost, seat: takeSeat(room, feed, request) };
}

describe("a seat", () => {
  test("is given when all after the cursor was heard", async () => {
    const feed = createFeed();
    for (let n = 0; n < 450; n += 1) feed.fact();
    const drained = vi.fn(async () => undefined);
    const { seat, heard } = sit(openRoom(feed), feed, { cursor: "g.e-10", drained });
    expect(await seat).toMatchObject({ cursor: feed.head(), isRecovered: true });
    expect(heard.map(Number)).toEqual(Array.from({ length: 440 }, (_, i) => i + 11));
    expect(drained).toHaveBeenCalledTimes(2);
  });

  test("asks for the next page only when the last one has drained", async () => {
    const feed = createFeed();
    for (let n = 0; n < 250; n += 1) feed.fact();
    const drain = Promise.withResolvers<void>();
    const { seat, heard } = sit(openRoom(feed), feed, {
      cursor: "g.e-0",
      drained: () => drain.promise,
    });
    await vi.waitFor(() => expect(heard).toHaveLength(200));
    expect(feed.reads).toBe(1);
    drain.resolve();
    await seat;
    expect(heard).toHaveLength(250);
  });

  test("keeps until its start what is said meanwhile, and hears it then", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const { seat, heard } = sit(room, feed);
    const taken = await seat;
    for (const entry of [feed.fact(), feed.gauge("a", 1), feed.fact()]) room.handle(entry);
    expect(heard).toEqual([]);
    taken.start();
    expect(heard).toEqual(["1", "~a 1", "2"]);
    room.handle(feed.fact());
    expect(heard).toEqual(["1", "~a 1", "2", "3"]);
  });

  test("hears nothing again that the page has told, and no gauge older than the snapshot", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const late = [feed.fact(), feed.gauge("a", 1), feed.fact()];
    const { seat, heard } = sit(room, feed, { cursor: "g.e-0", maxOpenJobs: 1 });
    const taken = await seat;
    for (const entry of late) room.handle(entry);
    taken.start();
    room.handle(feed.fact());
    expect(heard).toEqual(["1", "2", "3"]);
  });

  test("hears everything when more was said before its start than it keeps", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const { seat, heard } = sit(room, feed);
    const taken = await seat;
    for (let n = 0; n < 1500; n += 1) room.handle(feed.fact());
    taken.start();
    await vi.waitFor(() => expect(heard).toHaveLength(1500));
    room.handle(feed.fact());
    expect(heard.map(Number)).toEqual(Array.from({ length: 1501 }, (_, i) => i + 1));
  });

  test("hears the last gauge of a job when more was said before its start than it keeps", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const { seat, heard } = sit(room, feed);
    const taken = await seat;
    for (let n = 0; n < 1500; n += 1) room.handle(feed.gauge(`job-${n}`, n));
    feed.open = [JSON.stringify({ job: { jobId: "job-1499", progress: 1499 } })];
    taken.start();
    await vi.waitFor(() => expect(heard).toEqual(["~job-1499 1499"]));
  });

  test("reads on from the last fact it heard when the room skipped one", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const say = vi.spyOn(room, "overhear");
    const { seat, heard } = sit(room, feed);
    const taken = await seat;
    const ear = say.mock.calls[0]?.[0];
    const item = (entry: ReturnType<TestFeed["fact"]>): Item => ({
      kind: "fact",
      audience,
      event: entry.event,
      jobId: entry.jobId,
      data: entry.data,
      cursor: entry.cursor ?? feed.head(),
    });
    const [first, , third] = [feed.fact(), feed.fact(), feed.fact()].map(item);
    for (const one of [first, third]) if (one !== undefined) ear?.hear(one);
    taken.start();
    await vi.waitFor(() => expect(heard).toEqual(["1", "2", "3"]));
  });

  test.for([
    ["without a cursor", undefined],
    ["where the room stands", "g.e-2"],
  ])("%s costs no read of the log, and hears what comes", async ([, cursor]) => {
    const feed = createFeed();
    for (let n = 0; n < 2; n += 1) feed.fact();
    const room = openRoom(feed);
    const { seat, heard } = sit(room, feed, { cursor });
    const taken = await seat;
    expect(taken).toMatchObject({ cursor: feed.head(), isRecovered: cursor !== undefined });
    room.handle(feed.fact());
    room.handle(feed.gauge("a", 1));
    taken.start();
    room.handle(feed.fact());
    expect(heard).toEqual(["3", "~a 1", "4"]);
    expect(feed.reads).toBe(0);
  });

  test.for([
    ["wants snapshots", { maxOpenJobs: 1 }],
    ["wants a job", { jobId: "a" }],
    ["was told more than the room", { cursor: "g.e-1" }],
  ] as const)("that %s reads the log", async ([, request]) => {
    const feed = createFeed();
    const room = openRoom(feed);
    feed.fact();
    expect(await sit(room, feed, request).seat).toMatchObject({ cursor: feed.head() });
    expect(feed.reads).toBe(1);
  });

  test("reads the log while its room reads on", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    feed.fact();
    room.catchUp();
    await sit(room, feed).seat;
    expect(feed.reads).toBe(2);
  });

  test("begins with a resync when its cursor cannot be replayed", async () => {
    const feed = createFeed();
    feed.fact();
    const { seat, heard } = sit(openRoom(feed), feed, { cursor: "old.e-1" });
    expect(await seat).toMatchObject({ isRecovered: false, cursor: feed.head() });
    expect(heard).toEqual(["! epoch g.e-1"]);
  });

  test("is no recovery without a cursor", async () => {
    const feed = createFeed();
    for (const cursor of [undefined, null])
      expect(await sit(openRoom(feed), feed, { cursor }).seat).toMatchObject({
        isRecovered: false,
      });
  });

  test("that cannot be read leaves nobody behind", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    feed.beforeRead = () => Promise.reject(new Error("away"));
    await expect(sit(room, feed, { maxOpenJobs: 1 }).seat).rejects.toThrow("away");
    expect(room.isEmpty).toBe(true);
  });

  test("that cannot be kept says so", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const { seat, onLost } = sit(room, feed);
    const taken = await seat;
    for (let n = 0; n < 1500; n += 1) room.handle(feed.fact());
    feed.beforeRead = () => Promise.reject(new Error("away"));
    taken.start();
    await vi.waitFor(() => expect(onLost).toHaveBeenCalledOnce());
  });

  test("that was left hears nothing more", async () => {
    const feed = createFeed();
    const room = openRoom(feed);
    const { seat, heard } = sit(room, feed);
    const taken = await seat;
    room.handle(feed.fact());
    taken.leave();
    taken.start();
    room.handle(feed.fact());
    expect(heard).toEqual([]);
    expect(room.isEmpty).toBe(true);
  });
});
