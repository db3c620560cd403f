import { Decoder as BaseDecoder, Encoder } from "socket.io-parser";
import { MAX_MESSAGE_BYTES, OVERSIZED } from "../receive.ts";

/** Of the `auth` of a handshake: room for the cursors of a thousand feeds. */
const MAX_AUTH_BYTES = 256 * 1024;

/** Stands for such an `auth`: one that no check lets through, so that the client is told instead of cut off and coming back for ever. */
const OVERSIZED_AUTH = '0{"token":0}';

const CONNECT = "0";
const EVENT_HEADER = /^2(?:\/[^,]{0,64},)?\d{0,9}\[/;

/** Reads what clients send. Of an oversized event only the header is read, so that it can be answered; any other such packet ends the connection. */
class Decoder extends BaseDecoder {
  override add(chunk: unknown): void {
    super.add(typeof chunk === "string" ? shorten(chunk) : withinBounds(chunk));
  }
}

function shorten(packet: string): string {
  const bytes = Buffer.byteLength(packet);
  if (packet.startsWith(CONNECT)) return bytes <= MAX_AUTH_BYTES ? packet : OVERSIZED_AUTH;
  if (bytes <= MAX_MESSAGE_BYTES) return packet;
  const header = EVENT_HEADER.exec(packet.slice(0, 100))?.[0];
  if (header === undefined) throw new Error("Oversized packet");
  return `${header}${JSON.stringify(OVERSIZED)}]`;
}

/** An attachment. No event takes any, so it is answered like all else that does not fit. */
function withinBounds(attachment: unknown): unknown {
  const isTooLong = Buffer.isBuffer(attachment) && attachment.length > MAX_MESSAGE_BYTES;
  return isTooLong ? Buffer.alloc(0) : attachment;
}

export const parser = { Encoder, Decoder };
