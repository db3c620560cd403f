import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { isAlive } from "../support/is-alive.ts";
import { killBelow, treeOf } from "../support/process-tree.ts";

describe("what a process has started", () => {
  test("is killed, frozen or not, and it stays", async () => {
    const script = "(sleep 100 & kill -STOP $!; wait) & sleep 100; exec sleep 100";
    const root = spawn("sh", ["-c", script], { stdio: "ignore" });
    const { pid = 0 } = root;
    try {
      await vi.waitFor(async () => expect(await treeOf(pid)).toHaveLength(3));
      const below = (await treeOf(pid)).map((child) => child.pid);
      await killBelow(pid);
      await vi.waitFor(() => expect(below.filter(isAlive)).toEqual([]));
      expect(isAlive(pid)).toBe(true);
    } finally {
      root.kill("SIGKILL");
      await once(root, "exit");
    }
  });
});
