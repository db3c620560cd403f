import type { Objects, Part } from "./s3-objects.ts";

/** S3 takes parts of 5 MiB at least, and 10,000 of them. */
export const PART_BYTES = 8 * 1024 * 1024;

/** Cuts a stream into pieces of `bytes`; the last one may be smaller, or empty when there is nothing at all. */
export async function* inPieces(
  content: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Buffer> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  let isFirst = true;
  for await (const chunk of content) {
    chunks.push(chunk);
    size += chunk.length;
    while (size >= bytes) {
      const all = Buffer.concat(chunks);
      yield all.subarray(0, bytes);
      isFirst = false;
      chunks = [all.subarray(bytes)];
      size -= bytes;
    }
  }
  if (size > 0 || isFirst) yield Buffer.concat(chunks);
}

/** Puts an object of any size: it is there once all of it is, and not before. Resolves to its size. */
export async function putWhole(
  objects: Objects,
  key: string,
  content: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<number> {
  const parts: Part[] = [];
  let id: string | undefined;
  try {
    for await (const piece of inPieces(content, PART_BYTES)) {
      signal?.throwIfAborted();
      if (id === undefined && piece.length < PART_BYTES) {
        await objects.put(key, piece, { signal });
        return piece.length;
      }
      id ??= await objects.beginParts(key);
      parts.push(
        await objects.putPart(key, { id, number: parts.length + 1, content: piece }, signal),
      );
    }
    signal?.throwIfAborted();
    if (id !== undefined) await objects.completeParts(key, id, parts);
    return parts.reduce((sum, { bytes }) => sum + bytes, 0);
  } catch (thrown) {
    // Else they are kept, unseen and paid for, until the bucket's own rule ends them.
    if (id !== undefined) await objects.abortParts(key, id).catch(() => undefined);
    throw thrown;
  }
}
