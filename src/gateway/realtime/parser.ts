import { Decoder as BaseDecoder, Encoder } from "socket.io-parser";

/** Longer messages are answered without being parsed. In characters, which is at most the bytes. */
export const MAX_MESSAGE_LENGTH = 64 * 1024;

/** Stands for an event that was too long to be parsed. */
export const OVERSIZED = "\u0000oversized";

const EVENT_HEADER = /^2(?:\/[^,]{0,64},)?\d{0,9}\[/;

/** Reads what clients send. Of an oversized event only the header is read, so that it can be answered; any other such packet ends the connection. */
class Decoder extends BaseDecoder {
  override add(chunk: unknown): void {
    if (typeof chunk !== "string" || chunk.length <= MAX_MESSAGE_LENGTH) return super.add(chunk);
    const header = EVENT_HEADER.exec(chunk.slice(0, 100))?.[0];
    if (header === undefined) throw new Error("Oversized packet");
    super.add(`${header}${JSON.stringify(OVERSIZED)}]`);
  }
}

export const parser = { Encoder, Decoder };
