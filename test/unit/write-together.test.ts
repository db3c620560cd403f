import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { writeTogether } from "../../src/lib/write-together.ts";

/** A stream that notes what it hands on, each piece an array. */
function setUp() {
  const pieces: string[][] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      pieces.push([String(chunk)]);
      done();
    },
    writev(chunks, done) {
      pieces.push(chunks.map(({ chunk }) => String(chunk)));
      done();
    },
  });
  return { stream, pieces };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("what is written together", () => {
  test("is handed on in one piece, in its order, at the end of the turn", async () => {
    const { stream, pieces } = setUp();
    for (const text of ["a", "b", "c"]) {
      writeTogether(stream);
      stream.write(text);
      await Promise.resolve();
    }
    expect(pieces).toEqual([]);
    await turn();
    expect(pieces).toEqual([["a", "b", "c"]]);
    stream.write("d");
    expect(pieces.slice(1)).toEqual([["d"]]);
  });

  test("goes out before the end when the stream is ended", async () => {
    const { stream, pieces } = setUp();
    writeTogether(stream);
    stream.write("a");
    stream.end("b");
    expect(pieces.flat()).toEqual(["a", "b"]);
    await turn();
  });

  test("is lost with a stream that is destroyed, and nothing else", async () => {
    const { stream } = setUp();
    writeTogether(stream);
    stream.write("a", () => undefined);
    stream.destroy();
    await turn();
    expect(stream.destroyed).toBe(true);
  });
});
