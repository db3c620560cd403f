import type { Audience } from "../contract/names.ts";
import type { Logger } from "../lib/logger.ts";
import { sleep } from "../lib/sleep.ts";
import type { RedisClient } from "../redis/connect.ts";
import { type Keys, partitionOf } from "../redis/keys.ts";
import type { OpenReaders } from "../redis/stream-readers.ts";
import type { OwnGauge } from "./item.ts";
import { nobody, type RoomObserver } from "./observer.ts";
import { createFeedReader } from "./read.ts";
import { createRoom, type Room, type RoomDeps } from "./room.ts";
import { type Seat, type SeatRequest, takeSeat } from "./seat.ts";
import { createTails } from "./tails.ts";

export interface FeedsOptions {
  /** For reads. */
  redis: RedisClient;
  /** For the tails. */
  openReaders: OpenReaders;
  keys: Keys;
  partitions: number;
  toGauge: RoomDeps["toGauge"];
  log: Logger;
  compareEveryMs?: number;
}

/** The feeds as one gateway node follows them: one reader of all tails, a room for each audience that somebody here listens to. */
export interface Feeds {
  /** Resolves when the node hears everything that is said from now on. */
  ready: Promise<void>;
  /** Fails when Redis cannot be read; then nothing is left behind. */
  join(request: SeatRequest): Promise<Seat>;
  /** Has one observer know of all that rooms say from now on. */
  observe(observer: RoomObserver): void;
  /** Has the observer see the newest `count` open jobs of a room. Fails when Redis cannot be read. */
  review(audience: Audience, count: number): Promise<void>;
  /** Says something of the node's own to a room, if it is still there. */
  show(audience: Audience, gauge: OwnGauge): void;
  silentMs(): number;
  close(): Promise<void>;
}

/** After the last fact of a feed no gap would ever show, so feeds are compared with their logs now and then. */
export const COMPARE_EVERY_MS = 40_000;

export function createFeeds(options: FeedsOptions): Feeds {
  const {
    redis,
    openReaders,
    keys,
    partitions,
    toGauge,
    log,
    compareEveryMs = COMPARE_EVERY_MS,
  } = options;
  const rooms = new Map<Audience, Room>();
  const heard: ReadonlyMap<string, Room> = rooms;
  const closing = new AbortController();
  const reader = createFeedReader({ redis, keys, partitions });
  const deps: RoomDeps = {
    reader,
    toGauge,
    observer: nobody,
    log,
    onEmpty(audience, room) {
      room.close();
      // Another may have taken its place.
      if (rooms.get(audience) !== room) return;
      rooms.delete(audience);
      deps.observer.leave(audience);
    },
  };
  const tails = createTails({
    openReaders,
    keys,
    partitions,
    log,
    isHeard: (audience): audience is Audience => heard.has(audience),
    onEntry: (entry) => rooms.get(entry.audience)?.handle(entry),
    onGap(partition) {
      log.warn({ partition }, "feeds: entries were missed; reading the logs");
      for (const [audience, room] of rooms) {
        if (partitionOf(audience, partitions) === partition) room.catchUp();
      }
    },
  });

  function roomOf(audience: Audience): Room {
    const known = rooms.get(audience);
    if (known !== undefined) return known;
    const room = createRoom(audience, deps);
    rooms.set(audience, room);
    return room;
  }

  async function compare(): Promise<void> {
    const audiences = [...rooms.keys()];
    const heads = await reader.heads(audiences);
    for (const [i, audience] of audiences.entries()) {
      const head = heads[i];
      const room = rooms.get(audience);
      if (head !== undefined && room?.isBehind(head)) room.catchUp();
    }
  }

  async function compareOnAndOn(): Promise<void> {
    for (;;) {
      await sleep(compareEveryMs * (0.75 + Math.random() * 0.5), closing.signal);
      if (closing.signal.aborted) return;
      await compare().catch((err: unknown) =>
        log.warn({ err }, "feeds: cannot compare with the logs"),
      );
    }
  }
  void compareOnAndOn();

  return {
    ready: tails.ready,
    join: (request) => takeSeat(roomOf(request.audience), reader, request),
    observe: (other) => void (deps.observer = other),
    review: async (audience, count) => rooms.get(audience)?.review(count),
    show: (audience, gauge) => rooms.get(audience)?.show(gauge),
    silentMs: tails.silentMs,
    async close() {
      closing.abort();
      for (const room of rooms.values()) room.close();
      rooms.clear();
      await tails.close();
    },
  };
}
