import { describe, expect, test } from "vitest";
import { createRateWindow } from "../../src/lib/rate-window.ts";

function setUp() {
  let at = 1000;
  const window = createRateWindow({ max: 2, windowMs: 100, now: () => at });
  const takes = (...keys: string[]) => keys.map((key) => window.take(key));
  return { takes, wait: (ms: number) => void (at += ms) };
}

describe("a rate window", () => {
  test("lets so many through for each key, and says when the next may come", () => {
    const { takes, wait } = setUp();
    expect(takes("a", "a", "b")).toEqual([0, 0, 0]);
    wait(30);
    expect(takes("a", "b", "b")).toEqual([70, 0, 70]);
  });

  test("begins anew when it is over, whoever else came since", () => {
    const { takes, wait } = setUp();
    takes("a", "a", "a");
    wait(60);
    takes("b", "b");
    wait(40);
    expect(takes("a", "a", "a", "b")).toEqual([0, 0, 100, 60]);
    wait(60);
    expect(takes("b", "a")).toEqual([0, 40]);
  });
});
