import { describe, expect, test } from "vitest";
import { removeHourly } from "../../src/lib/hourly.ts";

/** Work that fails as it is told to, and what was said of it. */
function begin() {
  const stopping = new AbortController();
  const said: unknown[] = [];
  const { promise, reject } = Promise.withResolvers<number>();
  const hear = ({ err }: { err?: unknown }) => void said.push(err);
  const done = removeHourly({
    signal: stopping.signal,
    remove: () => promise,
    what: "things",
    log: { info: hear, warn: hear },
  });
  return { stopping, said, reject, done };
}

describe("what is done every hour", () => {
  test("waits for the next hour when it fails, and says so", async () => {
    const { stopping, said, reject, done } = begin();
    reject(new Error("No luck"));
    await expect.poll(() => said).toEqual([new Error("No luck")]);
    stopping.abort();
    await done;
  });

  test("ends with what is in hand when it is told to, and says nothing of how", async () => {
    const { stopping, said, reject, done } = begin();
    stopping.abort();
    reject(new Error("Stopped"));
    await done;
    expect(said).toEqual([]);
  });
});
