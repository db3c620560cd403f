import { EventEmitter } from "node:events";
import { describe, expect, vi } from "vitest";
import type { Audience } from "../../src/contract/names.ts";
import type { Seat } from "../../src/feeds/seat.ts";
import { joinFeed } from "../../src/gateway/realtime/join.ts";
import { createOutlet } from "../../src/gateway/realtime/outlet.ts";
import type { Session } from "../../src/gateway/realtime/session.ts";
import { createBatches } from "../../src/gateway/realtime/socket-io/batches.ts";
import {
  createSocketIoWire,
  type PacketOptions,
} from "../../src/gateway/realtime/socket-io/wire.ts";
import { watchJob } from "../../src/gateway/realtime/watch.ts";
import { type StoredJob, toSnapshot } from "../../src/jobs/snapshot.ts";
import { createTurns } from "../../src/lib/turns.ts";
import { test } from "../support/feeds.ts";
import { record } from "../support/jobs.ts";
import { caller } from "../support/jobs-service.ts";
import { sign, type Stage } from "../support/stage.ts";
import { createTeller, fact, gauge, outcome } from "../support/telling.ts";

const audience: Audience = "user:42";

/** A client that takes nothing until `read`; what is written to it is in `sent`. */
function createSlowClient() {
  const waiting = new Set<() => boolean>();
  const socket = { bufferedAmount: 100_000, terminate: () => undefined };
  const sent: string[] = [];
  class Connection extends EventEmitter {
    readyState = "open";
    transport = { name: "websocket", socket };
    write(packet: string, _options: PacketOptions) {
      const [name, { jobId }] = JSON.parse(packet.slice(1));
      sent.push(`${name} ${jobId}`);
    }
    close() {
      this.readyState = "closed";
    }
  }
  const ticker = {
    until: (call: () => boolean) => void waiting.add(call),
    close: () => undefined,
  };
  const wire = createSocketIoWire({
    conn: new Connection(),
    batches: createBatches(),
    dismiss: () => undefined,
  });
  const session: Session = {
    id: "1",
    caller: caller(),
    cursorOf: () => undefined,
    seats: new Map(),
    wire,
    outlet: createOutlet({ wire, expiresAt: () => Infinity, ticker }),
    inTurn: createTurns(),
    warnedOf: undefined,
    isClosed: false,
  };
  return {
    session,
    sent,
    waiting,
    read() {
      socket.bufferedAmount = 0;
      for (const call of waiting) call();
    },
  };
}

const outlook = { show: async (jobs: StoredJob[]) => jobs };

const ways: [string, (stage: Stage, session: Session) => Promise<Seat>][] = [
  ["a feed", async (stage, session) => joinFeed({ feeds: await stage.node() }, session, audience)],
  [
    "one job",
    async (stage, session) => {
      const known = toSnapshot(record({ jobId: "a" })).job;
      const feeds = await stage.node();
      return (await watchJob({ feeds, outlook, sign }, session, { jobId: "a", audience, known }))
        .seat;
    },
  ],
];

describe("a gauge that waits for a slow client", () => {
  test.for(ways)(
    "of %s is never told after the fact that made it old",
    async ([, follow], { stage }) => {
      const { session, sent, waiting, read } = createSlowClient();
      const seat = await follow(stage, session);
      seat.start();
      const tell = createTeller(stage.writer, audience);
      await tell(gauge("a", 50));
      await vi.waitFor(() => expect(waiting.size).toBe(1));
      await tell(outcome("a"));
      await vi.waitFor(() => expect(sent).toEqual(["job-completed a"]));
      read();
      await tell(fact("a"));
      await vi.waitFor(() => expect(sent).toEqual(["job-completed a", "job-started a"]));
      seat.leave();
    },
  );
});
