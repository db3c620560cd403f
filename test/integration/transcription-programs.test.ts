import { describe, expect, test } from "vitest";
import { runProgram } from "../../workers/transcription/program.ts";

const signal = new AbortController().signal;

describe("a program", () => {
  test("tells its lines, its exit code and the end of what it complained of", async () => {
    const lines: string[] = [];
    const script = `console.log("a\\nb"); console.error("x".repeat(20000) + "end"); process.exitCode = 3`;
    const { exitCode, words } = await runProgram("node", ["-e", script], {
      signal,
      onLine: (line) => lines.push(line),
    });
    expect(lines).toEqual(["a", "b"]);
    expect(exitCode).toBe(3);
    expect(words).toMatch(/^x+end\n$/);
    expect(words.length).toBeLessThanOrEqual(16_384);
  });

  test("is killed when it takes too much memory", async () => {
    const script = "globalThis.kept = Buffer.alloc(300_000_000, 1); setInterval(() => {}, 1000)";
    await expect(
      runProgram("node", ["-e", script], { signal, maxBytes: 200_000_000 }),
    ).rejects.toMatchObject({ code: "input_too_large" });
  });

  test("that is not there is an engine that is not there", async () => {
    await expect(runProgram("no-such-program", [], { signal })).rejects.toMatchObject({
      code: "engine_unavailable",
      message: "Transcription is off here: no-such-program is not installed",
    });
  });

  test("is not started, or killed, when the work is not wanted any more", async () => {
    const stop = new AbortController();
    const script = "console.log(process.pid); setInterval(() => {}, 1000)";
    const running = runProgram("node", ["-e", script], {
      signal: stop.signal,
      onLine: () => stop.abort(new Error("cancelled")),
    });
    await expect(running).rejects.toThrow("cancelled");
    await expect(runProgram("node", [], { signal: stop.signal })).rejects.toThrow("cancelled");
  });
});
