import { EventEmitter } from "node:events";
import { describe, expect, test } from "vitest";
import { say } from "../../src/gateway/realtime/message.ts";
import { createBatches } from "../../src/gateway/realtime/socket-io/batches.ts";
import { frameOf, packetOf } from "../../src/gateway/realtime/socket-io/frame.ts";
import {
  createSocketIoWire,
  type PacketOptions,
  type Transport,
} from "../../src/gateway/realtime/socket-io/wire.ts";

/** A connection that notes what goes to the network, each write a line, and what goes to engine.io. */
function setUp(transport: Partial<Transport> = {}) {
  const network: string[] = [];
  const engine: string[] = [];
  const socket = {
    bufferedAmount: 0,
    terminate: () => undefined,
    _socket: { write: (bytes: Buffer) => void network.push(bytes.toString("latin1")) },
  };
  class Connection extends EventEmitter {
    readyState = "open";
    transport: Transport = { name: "websocket", writable: true, socket, ...transport };
    write(data: string, options: PacketOptions) {
      this.emit("packetCreate", { data, options });
      engine.push(data);
    }
    close() {
      this.readyState = "closed";
    }
  }
  const conn = new Connection();
  const wire = createSocketIoWire({ conn, batches: createBatches(), dismiss: () => undefined });
  return { wire, conn, network, engine };
}

const one = say("one", { n: 1 });
const two = say("two", { n: 2 });
const bytesOf = (message: typeof one) => frameOf(message).toString("latin1");

describe("a Socket.IO connection over a WebSocket", () => {
  test("is written to once for all that came in together, past engine.io", async () => {
    const { wire, network, engine } = setUp();
    wire.write(one);
    wire.write(two);
    expect(network).toEqual([]);
    await Promise.resolve();
    expect(network).toEqual([bytesOf(one) + bytesOf(two)]);
    wire.write(two);
    await Promise.resolve();
    expect(network.slice(1)).toEqual([bytesOf(two)]);
    expect(engine).toEqual([]);
  });

  test("keeps the order of what engine.io sends of its own accord", async () => {
    const { wire, conn, network } = setUp();
    const order: string[] = [];
    conn.on("packetCreate", () => order.push(`after ${network.length} writes`));
    wire.write(one);
    conn.emit("packetCreate", { data: "an answer" });
    await Promise.resolve();
    expect(order).toEqual(["after 1 writes"]);
    expect(network).toEqual([bytesOf(one)]);
  });

  test.for([
    ["that has something waiting", { writable: false }],
    ["with compression", { perMessageDeflate: {} }],
    ["over polling", { name: "polling" }],
  ] as const)("%s is left to engine.io", async ([, transport]) => {
    const { wire, network, engine } = setUp(transport);
    wire.write(one);
    await Promise.resolve();
    expect(engine).toEqual([packetOf(one)]);
    expect(network).toEqual([]);
  });

  test("that is cut gets what it was told before", () => {
    const { wire, conn, network } = setUp();
    wire.write(one);
    wire.cut("draining");
    expect(network).toEqual([bytesOf(one)]);
    expect(conn.readyState).toBe("closed");
  });
});
