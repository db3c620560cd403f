import type { Message } from "../message.ts";
import type { Wire } from "../wire.ts";
import type { Batches, Flushable } from "./batches.ts";
import { frameOf, packetOf } from "./frame.ts";

/** What is used of an engine.io socket. */
export interface Connection {
  readonly readyState: string;
  readonly transport: Transport;
  on(event: "packetCreate", listener: (packet: Packet) => void): unknown;
  on(event: "flush", listener: () => void): unknown;
  once(event: "close", listener: () => void): unknown;
  write(data: string, options: PacketOptions): unknown;
  close(discard: boolean): void;
}

export interface Transport {
  name: string;
  /** `true` when nothing waits in engine.io's own buffer. */
  writable?: boolean;
  perMessageDeflate?: unknown;
  socket?: WebSocketLike;
}

/** With the frame ready, for when there is a WebSocket by the time that engine.io sends it. */
export interface PacketOptions {
  compress: false;
  wsPreEncodedFrame: [Buffer];
}

interface Packet {
  data?: unknown;
  options?: Partial<PacketOptions> | null;
}

interface WebSocketLike {
  readonly bufferedAmount: number;
  terminate(): void;
  /** The network's own, as `ws` keeps it. */
  readonly _socket?: Network | null;
}

interface Network {
  write(bytes: Buffer): unknown;
}

export interface SocketIoWireOptions {
  conn: Connection;
  batches: Batches;
  /** Socket.IO's own way to say that a client shall not come back. */
  dismiss: () => void;
}

/**
 * Frames that are ready go past engine.io to the network, all of a batch in one write: what its packets, events and callbacks cost is as much as the rest of a
 * delivery. Where that cannot be, over polling or with compression or while engine.io has something waiting, it gets them, and takes the same frame.
 */
export const createSocketIoWire = (options: SocketIoWireOptions): Wire => new SocketIoWire(options);

/** A class, since each client has one. */
class SocketIoWire implements Wire, Flushable {
  readonly dismiss: () => void;
  readonly #conn: Connection;
  readonly #batches: Batches;
  #ready: Buffer[] = [];
  #buffered = 0;
  #written = () => {};

  constructor({ conn, batches, dismiss }: SocketIoWireOptions) {
    this.#conn = conn;
    this.#batches = batches;
    this.dismiss = dismiss;
    // All that goes out is counted, answers included: who asks and never reads is slow as well.
    conn.on("packetCreate", (packet) => {
      // Before what engine.io sends next.
      this.flush();
      this.#buffered += bytesOf(packet);
      this.#written();
    });
    // engine.io hands its whole buffer to the transport at once.
    conn.on("flush", () => (this.#buffered = 0));
  }

  get isOpen(): boolean {
    return this.#conn.readyState === "open";
  }

  unsent(): number {
    return this.#buffered + (webSocketOf(this.#conn)?.bufferedAmount ?? 0);
  }

  write(message: Message): void {
    const conn = this.#conn;
    const frame = frameOf(message);
    if (!takesFrames(conn))
      conn.write(packetOf(message), { compress: false, wsPreEncodedFrame: [frame] });
    else if (this.#ready.push(frame) === 1) this.#batches.add(this);
  }

  flush(): void {
    const ready = this.#ready;
    if (ready.length === 0) return;
    const [first] = ready;
    const bytes = ready.length === 1 && first !== undefined ? first : Buffer.concat(ready);
    ready.length = 0;
    networkOf(this.#conn)?.write(bytes);
    this.#written();
  }

  onWritten(listener: () => void): void {
    this.#written = listener;
  }

  onClosed(listener: () => void): void {
    if (this.isOpen) this.#conn.once("close", listener);
    else listener();
  }

  cut(): void {
    this.flush();
    cutTransport(this.#conn);
  }
}

const takesFrames = (conn: Connection): boolean => {
  const { writable, perMessageDeflate } = conn.transport;
  return writable === true && !perMessageDeflate && networkOf(conn) !== undefined;
};

function networkOf(conn: Connection): Network | undefined {
  const { _socket: network } = webSocketOf(conn) ?? {};
  return network ?? undefined;
}

function bytesOf({ data, options }: Packet): number {
  const frame = options?.wsPreEncodedFrame?.[0] ?? data;
  return typeof frame === "string" || Buffer.isBuffer(frame) ? Buffer.byteLength(frame) : 0;
}

/** A socket that is closed but never read from keeps its buffer for half a minute; a terminated one does not. */
function cutTransport(conn: Connection): void {
  const socket = webSocketOf(conn);
  conn.close(true);
  socket?.terminate();
}

const webSocketOf = ({ transport }: Connection): WebSocketLike | undefined =>
  transport.name === "websocket" ? transport.socket : undefined;
