import { EventEmitter } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { say } from "../../src/gateway/realtime/message.ts";
import {
  createOutlet,
  GoneError,
  MAX_UNSENT_BYTES,
  type Ticker,
} from "../../src/gateway/realtime/outlet.ts";
import { packetOf } from "../../src/gateway/realtime/socket-io/frame.ts";
import { createBatches } from "../../src/gateway/realtime/socket-io/batches.ts";
import {
  createSocketIoWire,
  type PacketOptions,
} from "../../src/gateway/realtime/socket-io/wire.ts";

/** A connection whose client reads when told to, and a ticker that ticks when told to. */
function setUp({ expiresAt = Infinity } = {}) {
  const calls = new Set<() => boolean>();
  const ticker: Ticker = { until: (call) => void calls.add(call), close: () => undefined };
  const socket = { bufferedAmount: 0, terminate: vi.fn() };
  const sent: string[] = [];
  class Connection extends EventEmitter {
    readyState = "open";
    transport = { name: "websocket", socket };
    write(data: string, options: PacketOptions) {
      sent.push(data);
      this.emit("packetCreate", { data, options });
      this.emit("flush");
      socket.bufferedAmount += options.wsPreEncodedFrame[0].length;
    }
    close() {
      this.readyState = "closed";
    }
  }
  const conn = new Connection();
  const wire = createSocketIoWire({ conn, batches: createBatches(), dismiss: () => undefined });
  const outlet = createOutlet({ wire, expiresAt: () => expiresAt, ticker });
  const tick = () => {
    for (const call of calls) if (!call()) calls.delete(call);
  };
  return { outlet, conn, socket, sent, tick, calls };
}

const message = (name: string, bytes = 10) => say(name, { text: "x".repeat(bytes) });
const packet = (name: string, bytes?: number) => packetOf(message(name, bytes));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const HALF = MAX_UNSENT_BYTES / 2 + 1000;

describe("an outlet", () => {
  test("keeps gauges back while facts wait, the newest of each job", () => {
    const { outlet, socket, sent, tick, calls } = setUp();
    outlet.send(message("fact", 70_000));
    outlet.sendGauge("a", message("a1"));
    outlet.sendGauge("b", message("b1"));
    outlet.sendGauge("a", message("a2"));
    tick();
    expect(sent).toEqual([packet("fact", 70_000)]);
    socket.bufferedAmount = 0;
    tick();
    expect(sent.slice(1)).toEqual([packet("a2"), packet("b1")]);
    expect(calls.size).toBe(0);
    outlet.sendGauge("a", message("a3"));
    expect(sent.at(-1)).toBe(packet("a3"));
  });

  test("forgets a gauge that waits when a fact has made it old", () => {
    const { outlet, socket, sent, tick } = setUp();
    outlet.send(message("fact", 70_000));
    outlet.sendGauge("a", message("a1"));
    outlet.dropGauge("a");
    socket.bufferedAmount = 0;
    tick();
    expect(sent).toHaveLength(1);
  });

  test("cuts a client that does not take a mebibyte, and ends its socket", () => {
    const { outlet, conn, socket, sent, tick } = setUp();
    for (const name of ["1", "2"]) outlet.send(message(name, HALF));
    tick();
    expect(conn.readyState).toBe("open");
    tick();
    expect(conn.readyState).toBe("closed");
    expect(socket.terminate).toHaveBeenCalledOnce();
    outlet.send(message("late"));
    expect(sent).toHaveLength(2);
  });

  test("lets a client be that takes it soon", () => {
    const { outlet, conn, socket, tick, calls } = setUp();
    for (let burst = 0; burst < 3; burst += 1) {
      for (const name of ["1", "2"]) outlet.send(message(name, HALF));
      tick();
      socket.bufferedAmount = 0;
      tick();
    }
    expect(conn.readyState).toBe("open");
    expect(calls.size).toBe(0);
  });

  test("counts what others write to the connection as well", () => {
    const { conn, tick } = setUp();
    for (const half of ["1", "2"])
      conn.emit("packetCreate", { data: half.repeat(HALF), options: { compress: true } });
    tick();
    tick();
    expect(conn.readyState).toBe("closed");
  });

  test("is drained when the next page fits, and never when the client is gone", async () => {
    for (const end of ["taken", "gone"] as const) {
      const { outlet, conn, socket, tick } = setUp();
      outlet.send(message("page", 300_000));
      const isDrained = vi.fn<() => void>();
      const drained = outlet.drained().then(isDrained);
      const ended = end === "gone" ? expect(drained).rejects.toThrow(GoneError) : drained;
      await turn();
      tick();
      await turn();
      expect(isDrained).not.toHaveBeenCalled();
      if (end === "gone") conn.close();
      else socket.bufferedAmount = 0;
      tick();
      await ended;
      expect(isDrained).toHaveBeenCalledTimes(end === "gone" ? 0 : 1);
    }
  });

  test("cuts whom the token no longer covers instead of writing", () => {
    const { outlet, conn, sent } = setUp({ expiresAt: Date.now() - 1 });
    outlet.send(message("fact"));
    expect(sent).toEqual([]);
    expect(conn.readyState).toBe("closed");
  });
});
