import type { Message } from "../message.ts";
import type { Wire } from "../wire.ts";
import { type Frame, frameOf } from "./frame.ts";

/** What is used of an engine.io socket. */
export interface Connection {
  readonly readyState: string;
  readonly transport: { name: string; socket?: WebSocketLike };
  on(event: "packetCreate", listener: (packet: Packet) => void): unknown;
  on(event: "flush", listener: () => void): unknown;
  once(event: "close", listener: () => void): unknown;
  write(data: string, options: Frame["options"]): unknown;
  close(discard: boolean): void;
}

interface Packet {
  data?: unknown;
  options?: { wsPreEncodedFrame?: unknown } | null;
}

interface WebSocketLike {
  readonly bufferedAmount: number;
  terminate(): void;
}

/** `dismiss` is Socket.IO's own way to say that a client shall not come back. */
export function createSocketIoWire(conn: Connection, dismiss: () => void): Wire {
  let buffered = 0;
  let written = () => {};
  // All that goes out is counted, answers included: who asks and never reads is slow as well.
  conn.on("packetCreate", (packet) => {
    buffered += bytesOf(packet);
    written();
  });
  // engine.io hands its whole buffer to the transport at once.
  conn.on("flush", () => (buffered = 0));

  return {
    get isOpen() {
      return conn.readyState === "open";
    },
    unsent: () => buffered + (webSocketOf(conn)?.bufferedAmount ?? 0),
    write(message: Message) {
      const frame = frameOf(message);
      conn.write(frame.packet, frame.options);
    },
    onWritten: (listener) => void (written = listener),
    onClosed(listener) {
      if (conn.readyState === "open") conn.once("close", listener);
      else listener();
    },
    cut: () => cutTransport(conn),
    dismiss,
  };
}

function bytesOf({ data, options }: Packet): number {
  const frame: unknown = Array.isArray(options?.wsPreEncodedFrame)
    ? options.wsPreEncodedFrame[0]
    : data;
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
