import { describe, expect, test } from "vitest";
import { createEntryParser } from "../../../src/redis/entry-parser.ts";

type Entry = [id: string, ...values: string[]];

const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const array = (parts: string[]) => `*${parts.length}\r\n${parts.join("")}`;

/** As Redis writes it. */
const answerOf = (streams: Record<string, Entry[]>): Buffer =>
  Buffer.from(
    array(
      Object.entries(streams).map(([name, entries]) =>
        array([
          bulk(name),
          array(
            entries.map(([id, ...values]) =>
              array([bulk(id), array(values.flatMap((value, i) => [bulk(`f${i}`), bulk(value)]))]),
            ),
          ),
        ]),
      ),
    ),
  );

/** Hands the bytes over in one buffer that is used again and again, as a socket may. */
function parse(answer: Buffer, cuts: number[], fields = 2): { heard: Entry[]; ended: boolean[] } {
  const heard: Entry[] = [];
  const parser = createEntryParser((stream, entry) =>
    heard.push([
      `${stream} ${entry.id()}`,
      ...Array.from({ length: fields }, (_, i) => entry.text(i)),
    ]),
  );
  const shared = Buffer.alloc(answer.length);
  const bounds = [0, ...cuts, answer.length];
  const ended = bounds.slice(1).map((to, i) => {
    const chunk = answer.subarray(bounds[i], to);
    shared.fill(0).set(chunk);
    return parser.push(shared.subarray(0, chunk.length));
  });
  return { heard, ended };
}

const streams: Record<string, Entry[]> = {
  "{p0}:tail": [
    ["1-0", "17", "user:42"],
    ["2-0", "18", ""],
  ],
  "{p1}:tail": [["1-1", "3", 'Łódź\r\n*2\r\n$3\r\n{"a":1}']],
};
const expected = Object.entries(streams).flatMap(([name, entries]) =>
  entries.map(([id, ...values]) => [`${name} ${id}`, ...values]),
);

describe("entries of a stream", () => {
  test("are read wherever the network cuts them", () => {
    const answer = answerOf(streams);
    for (let a = 0; a <= answer.length; a += 1) {
      for (const b of [a, Math.min(a + 7, answer.length), answer.length]) {
        const { heard, ended } = parse(answer, [a, b]);
        expect(heard).toEqual(expected);
        expect(ended.at(-1)).toBe(true);
        if (a < answer.length) expect(ended[0]).toBe(false);
      }
    }
  });

  test("are read byte by byte", () => {
    const answer = answerOf(streams);
    const { heard, ended } = parse(
      answer,
      Array.from({ length: answer.length - 1 }, (_, i) => i + 1),
    );
    expect(heard).toEqual(expected);
    expect(ended.indexOf(true)).toBe(answer.length - 1);
  });

  test("tell their values by name as well, and none of the entry before", () => {
    const told: object[] = [];
    const parser = createEntryParser((_, entry) => told.push(entry.fields()));
    parser.push(
      answerOf({
        stream: [
          ["1-0", "a", "Łódź"],
          ["2-0", "b"],
        ],
      }),
    );
    expect(told).toEqual([{ f0: "a", f1: "Łódź" }, { f0: "b" }]);
  });

  test("have numbers that are read without a string", () => {
    const numbers: number[] = [];
    const parser = createEntryParser((_, entry) => void numbers.push(entry.number(0)));
    parser.push(
      answerOf({
        s: [
          ["1-0", "0"],
          ["2-0", "9007199254740991"],
        ],
      }),
    );
    expect(numbers).toEqual([0, Number.MAX_SAFE_INTEGER]);
  });

  test("are none when nothing came in time", () => {
    for (const nothing of ["*-1\r\n", "*0\r\n"])
      expect(parse(Buffer.from(nothing), [])).toEqual({ heard: [], ended: [true] });
  });

  test("are not taken from what is no answer", () => {
    const error = Buffer.from("-MOVED 7 127.0.0.1:7001\r\n");
    expect(() => parse(error, [9])).toThrow("MOVED 7 127.0.0.1:7001");
    for (const text of ["+OK\r\n", "*1\r\n+OK\r\n", "$3\r\nabc\r\n"])
      expect(() => parse(Buffer.from(text), [])).toThrow("no answer to XREAD");
  });
});
