import type { Message } from "../message.ts";

/** A Socket.IO packet of the main namespace: what engine.io is given. */
export const packetOf = ({ event, data }: Message): string => `2[${JSON.stringify(event)},${data}]`;

/** The same as the network takes it where there is a WebSocket: an unmasked text frame in one piece (RFC 6455, 5.2). Made once, however many get it. */
export const frameOf = (message: Message): Buffer =>
  (message.frame ??= toFrame(`42[${JSON.stringify(message.event)},`, message.data));

const FINAL_TEXT = 0x81;

/** Written piece by piece: to join strings that are as long as an event costs more than the rest. */
function toFrame(head: string, data: string): Buffer {
  const headBytes = Buffer.byteLength(head);
  const length = headBytes + Buffer.byteLength(data) + 1;
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
  frame.write(head, header);
  frame.write(data, header + headBytes);
  frame.write("]", header + length - 1);
  return frame;
}
