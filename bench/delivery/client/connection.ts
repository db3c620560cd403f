import { connect } from "node:net";
import { createFrameReader, toClientFrame } from "./frames.ts";

export interface Connection {
  send(text: string): void;
  destroy(): void;
}

export interface ConnectionOptions {
  port: number;
  path: string;
  headers: Record<string, string>;
  onOpen: () => void;
  /** A text message, valid during the call only. */
  onText: (buffer: Buffer, start: number, end: number) => void;
  /** Once, however it came to it; `isReached` when there was somebody at the other end. */
  onClose: (isReached: boolean) => void;
}

const TEXT = 1;
const CLOSE = 8;
/** One for all connections: what is read is looked at before the next read. */
const memory = Buffer.allocUnsafeSlow(256 * 1024);
const END_OF_HEAD = "\r\n\r\n";

/** A WebSocket by hand: thousands of them must cost less than what they measure. */
export function openConnection(options: ConnectionOptions): Connection {
  const { port, path, headers, onOpen, onText, onClose } = options;
  let head = "";
  let isOpen = false;
  let isReached = false;
  const read = createFrameReader((opcode, buffer, start, end) => {
    if (opcode === TEXT) onText(buffer, start, end);
    if (opcode === CLOSE) socket.destroy();
  });

  function open(chunk: Buffer): void {
    head += chunk.toString("latin1");
    const end = head.indexOf(END_OF_HEAD);
    if (end < 0) return;
    if (!head.startsWith("HTTP/1.1 101")) return void socket.destroy();
    isOpen = true;
    onOpen();
    const rest = Buffer.from(head.slice(end + END_OF_HEAD.length), "latin1");
    if (rest.length > 0) read(rest);
  }

  const socket = connect({
    port,
    host: "127.0.0.1",
    noDelay: true,
    onread: {
      buffer: memory,
      callback(bytes, buffer) {
        const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
        if (isOpen) read(chunk);
        else open(chunk);
        return true;
      },
    },
  });
  socket.on("error", () => undefined);
  socket.on("end", () => socket.destroy());
  socket.once("connect", () => (isReached = true));
  socket.on("close", () => onClose(isReached));
  const lines = Object.entries({ ...UPGRADE, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join("\r\n")}${END_OF_HEAD}`);
  return {
    send: (text) => void socket.write(toClientFrame(text)),
    destroy: () => void socket.destroy(),
  };
}

const UPGRADE = {
  Host: "127.0.0.1",
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};
