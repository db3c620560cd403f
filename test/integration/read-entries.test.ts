import { describe, expect, vi } from "vitest";
import { openReader } from "../../src/redis/connect.ts";
import { readEntries } from "../../src/redis/read-entries.ts";
import { test as base } from "../support/redis.ts";
import { openGate } from "../support/tcp-gate.ts";

type Read = (after: string, streams?: string[], signal?: AbortSignal) => Promise<string[]>;

const { signal: never } = new AbortController();

/** `link` is a connection for such reads alone, through a `gate`; `read` tells stream, id and the first field of each entry. */
const test = base
  .extend("gate", async ({ redisUrl }, { onCleanup }) => {
    const gate = await openGate(Number(new URL(redisUrl).port));
    onCleanup(gate.close);
    return gate;
  })
  .extend("link", async ({ gate, prefix }, { onCleanup }) => {
    const link = openReader(`redis://127.0.0.1:${gate.port}`, prefix, "test-entries");
    link.on("error", () => undefined);
    onCleanup(() => link.disconnect());
    return link;
  })
  .extend("read", ({ link, prefix }): Read => async (after, streams = [prefix], signal = never) => {
    const heard: string[] = [];
    const places = { streams, after: streams.map(() => after), count: 1000 };
    await readEntries({ redis: link, ...places, signal }, (stream, entry) =>
      heard.push(`${stream} ${entry.id()} ${entry.text(0)}`),
    );
    return heard;
  });

describe("entries", () => {
  test("of several streams come whole, however many there are", async ({ redis, prefix, read }) => {
    const streams = [`{${prefix}}a`, `{${prefix}}b`];
    const value = "x".repeat(2000);
    const pipeline = redis.pipeline();
    for (let i = 1; i <= 400; i += 1)
      for (const stream of streams) pipeline.xadd(stream, `${i}-0`, "n", `${i} ${value}`);
    await pipeline.exec();
    const expected = streams.flatMap((stream) =>
      Array.from({ length: 400 }, (_, i) => `${stream} ${i + 1}-0 ${i + 1} ${value}`),
    );
    expect(await read("0-0", streams)).toEqual(expected);
    expect(await read("399-0", streams)).toEqual([expected[399], expected[799]]);
  });

  test("are waited for, and none after a second of silence", async ({ redis, prefix, read }) => {
    const asked = read("0-0");
    await redis.xadd(prefix, "1-0", "n", "late");
    expect(await asked).toEqual([`${prefix} 1-0 late`]);
    expect(await read("1-0")).toEqual([]);
  });

  test("leave the link to other commands in between", async ({ redis, prefix, link, read }) => {
    for (let i = 1; i <= 3; i += 1) {
      await redis.xadd(prefix, `${i}-0`, "n", `${i}`);
      expect(await read(`${i - 1}-0`)).toEqual([`${prefix} ${i}-0 ${i}`]);
      expect(await link.xlen(prefix)).toBe(i);
    }
    expect(link.stream.listenerCount("data")).toBe(1);
  });

  test("are not waited for when the link is cut, or hangs, or nobody wants them any more", async ({
    redis,
    prefix,
    gate,
    link,
    read,
  }) => {
    await redis.xadd(prefix, "1-0", "n", "1");
    await vi.waitFor(() => expect(link.status).toBe("ready"));
    const cut = expect(read("1-0")).rejects.toThrow("broke");
    const name = async () =>
      String(await redis.client("LIST"))
        .split("\n")
        .find((line) => line.includes("cmd=xread"));
    await vi.waitFor(async () => expect(await name()).toContain("test-entries"));
    gate.shut();
    await cut;
    gate.open();
    expect(await read("0-0")).toEqual([`${prefix} 1-0 1`]);

    gate.freeze();
    await expect(read("1-0")).rejects.toThrow("No answer from Redis in time");
    gate.open();
    // What the frozen link still had to say is not taken for an answer.
    await vi.waitFor(async () => expect(await read("0-0")).toEqual([`${prefix} 1-0 1`]));

    const leaving = new AbortController();
    const asked = read("1-0", [prefix], leaving.signal);
    leaving.abort();
    expect(await asked).toEqual([]);
  });

  test("are refused in the words of Redis", async ({ redis, prefix, read }) => {
    await redis.set(prefix, "no stream");
    await expect(read("0-0")).rejects.toThrow("WRONGTYPE");
    await redis.del(prefix);
    await redis.xadd(prefix, "1-0", "n", "1");
    await vi.waitFor(async () => expect(await read("0-0")).toEqual([`${prefix} 1-0 1`]));
  });
});
