import { Transform, type TransformCallback } from "node:stream";

/** Counts what passes, and fails with `tooMuch()` once it is more than `maxBytes`. */
export class ByteLimit extends Transform {
  bytes = 0;
  readonly #maxBytes: number;
  readonly #tooMuch: () => Error;

  constructor(maxBytes: number, tooMuch: () => Error) {
    super();
    this.#maxBytes = maxBytes;
    this.#tooMuch = tooMuch;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    if (this.bytes > this.#maxBytes) done(this.#tooMuch());
    else done(null, chunk);
  }
}
