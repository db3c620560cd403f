import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { received, type ReceiveOptions } from "../../../src/jobs/uploads/received.ts";

const options = (fields: Partial<ReceiveOptions> = {}): ReceiveOptions => ({
  lock: { tick: () => undefined },
  maxBytes: 100,
  signal: new AbortController().signal,
  ...fields,
});

describe("what a client sends of an upload", () => {
  test("passes as it comes", async () => {
    const content = Readable.from([Buffer.from("abc"), Buffer.from("def")]);
    expect(String(await buffer(received(content, options())))).toBe("abcdef");
  });

  test("is waited for no longer than the signal says, and its connection stays open for an answer", async () => {
    const stop = new AbortController();
    const content = new Readable({ read: () => undefined });
    const reading = buffer(received(content, options({ signal: stop.signal })));
    stop.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    expect(content.destroyed).toBe(false);
  });
});
