import { tmpdir } from "node:os";
import { afterEach, describe, expect, test as base, vi } from "vitest";
import { createChildPool } from "../../workers/child-pool.ts";
import { isAlive } from "../support/is-alive.ts";

const MINUTE_MS = 60_000;
const ONE = "file:///one/task.ts";
const OTHER = "file:///other/task.ts";

const test = base.extend("open", ({}, { onCleanup }) => (maxIdle: number) => {
  const path = process.env["PATH"] ?? "";
  const pool = createChildPool({ maxIdle, maxHeapMb: 64, tempDir: tmpdir(), path });
  onCleanup(() => pool.close());
  return pool;
});

afterEach(() => void vi.useRealTimers());

describe("a child process that was given back", () => {
  test("works on for the task that it worked for, and for no other", async ({ open }) => {
    const pool = open(2);
    const child = await pool.take(ONE);
    pool.giveBack(child);

    const others = await pool.take(OTHER);
    expect(others.pid).not.toBe(child.pid);
    pool.giveBack(others);
    expect((await pool.take(ONE)).pid).toBe(child.pid);
    expect((await pool.take(OTHER)).pid).toBe(others.pid);
  });

  test("makes place for one that was needed since", async ({ open }) => {
    const pool = open(1);
    const [child, later] = [await pool.take(ONE), await pool.take(OTHER)];
    pool.giveBack(child);
    pool.giveBack(later);

    await vi.waitFor(() => expect(isAlive(Number(child.pid))).toBe(false));
    expect((await pool.take(OTHER)).pid).toBe(later.pid);
  });

  test("is given to nobody once nobody has needed it for a minute", async ({ open }) => {
    const pool = open(1);
    const child = await pool.take(ONE);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    pool.giveBack(child);
    vi.advanceTimersByTime(MINUTE_MS);
    vi.useRealTimers();

    const next = await pool.take(ONE);
    expect(next.pid).not.toBe(child.pid);
    expect(isAlive(Number(next.pid))).toBe(true);
  });
});
