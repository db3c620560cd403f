type OnFrame = (opcode: number, buffer: Buffer, start: number, end: number) => void;

/** Cuts what a server sends into WebSocket frames, which are never masked. Payloads are handed on where they lie, and are gone afterwards. */
export function createFrameReader(onFrame: OnFrame): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    const buffer = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    rest = undefined;
    let at = 0;
    for (;;) {
      const left = buffer.length - at;
      const header = headerLength(buffer, at, left);
      if (left < header) break;
      const length = payloadLength(buffer, at, header);
      if (left < header + length) break;
      onFrame((buffer[at] ?? 0) & 15, buffer, at + header, at + header + length);
      at += header + length;
    }
    // A copy: the chunk's memory is read into again.
    if (at < buffer.length) rest = Buffer.from(buffer.subarray(at));
  };
}

function headerLength(buffer: Buffer, at: number, left: number): number {
  if (left < 2) return 2;
  const short = buffer[at + 1] ?? 0;
  return short === 126 ? 4 : short === 127 ? 10 : 2;
}

function payloadLength(buffer: Buffer, at: number, header: number): number {
  if (header === 2) return buffer[at + 1] ?? 0;
  return header === 4 ? buffer.readUInt16BE(at + 2) : Number(buffer.readBigUInt64BE(at + 2));
}

/** A text frame of a client, which must be masked: with zeros, that changes nothing. */
export function toClientFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 6 : 8;
  const frame = Buffer.alloc(header + length);
  frame[0] = 0x81;
  frame[1] = 0x80 | (header === 6 ? length : 126);
  if (header === 8) frame.writeUInt16BE(length, 2);
  frame.write(text, header);
  return frame;
}
