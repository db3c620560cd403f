import { open } from "node:fs/promises";
import type { Sound } from "./decode.ts";
import { BYTES_PER_SECOND, SAMPLE_RATE } from "./limits.ts";
import type { Span } from "./silences.ts";

export interface ChunkLength {
  minSeconds: number;
  maxSeconds: number;
}

/**
 * Cuts a recording into chunks that an engine takes at a time, each in the middle of the longest pause there is in reach, or, where nobody
 * pauses, at the greatest length. Chunks of silence are left out: engines hear words in noise.
 */
export function cutAtSilences(
  seconds: number,
  silences: Span[],
  { minSeconds, maxSeconds }: ChunkLength,
): Span[] {
  const chunks: Span[] = [];
  for (let start = 0; start < seconds;) {
    const end =
      seconds - start <= maxSeconds
        ? seconds
        : chooseCut(silences, { start: start + minSeconds, end: start + maxSeconds });
    chunks.push({ start, end });
    start = end;
  }
  return chunks.filter(
    (chunk) => !silences.some(({ start, end }) => start <= chunk.start && chunk.end <= end),
  );
}

/** Of pauses that are as long as one another, to a tenth of a second, the last: fewer chunks. */
function chooseCut(silences: Span[], reach: Span): number {
  const inReach = silences.filter(
    (silence) => middleOf(silence) >= reach.start && middleOf(silence) <= reach.end,
  );
  const tenths = ({ start, end }: Span) => Math.round(10 * (end - start));
  const [longest] = inReach.toReversed().toSorted((a, b) => tenths(b) - tenths(a));
  return longest === undefined ? reach.end : middleOf(longest);
}

const middleOf = ({ start, end }: Span): number => (start + end) / 2;

/** The samples of a chunk, 16 bit each. */
export async function readSamples({ path }: Sound, { start, end }: Span): Promise<Buffer> {
  const from = toByte(start);
  const file = await open(path);
  try {
    const samples = Buffer.alloc(toByte(end) - from);
    const { bytesRead } = await file.read(samples, 0, samples.length, from);
    return samples.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Where the sample at a time begins. */
const toByte = (seconds: number): number => Math.floor((seconds * BYTES_PER_SECOND) / 2) * 2;

/** Samples as a WAV file. */
export function toWav(samples: Buffer): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0, "latin1");
  header.writeUInt32LE(36 + samples.length, 4);
  header.write("WAVEfmt ", 8, "latin1");
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(BYTES_PER_SECOND, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}
