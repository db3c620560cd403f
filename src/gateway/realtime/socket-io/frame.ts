import type { Message } from "../message.ts";

/** An event encoded once, for every socket that it goes to. */
export interface Frame {
  /** Socket.IO packet: what engine.io is given. */
  packet: string;
  bytes: number;
  /** One options object for all: engine.io takes the ready WebSocket frame from it, and encodes for itself where there is no WebSocket. */
  options: { compress: false; wsPreEncodedFrame: [Buffer] };
}

/** A Socket.IO event of the main namespace; `data` is JSON. */
export function toFrame(event: string, data: string): Frame {
  const packet = `2[${JSON.stringify(event)},${data}]`;
  const frame = toWebSocketFrame(`4${packet}`);
  return { packet, bytes: frame.length, options: { compress: false, wsPreEncodedFrame: [frame] } };
}

/** The frame of a message; made once, however many hear it. */
export const frameOf = (message: Message): Frame =>
  (message.frame ??= toFrame(message.event, message.data));

const FINAL_TEXT = 0x81;

/** An unmasked text frame in one piece (RFC 6455, 5.2): one write to the network instead of two. */
function toWebSocketFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = FINAL_TEXT;
  if (header === 2) frame[1] = length;
  if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  }
  if (header === 10) {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, header);
  return frame;
}
