import { describe, expect, test, vi } from "vitest";
import { patiently } from "../../../src/jobs/patience.ts";

const away = new Error("Stream isn't writeable and enableOfflineQueue options is false");

describe("patience with Redis", () => {
  test("tries again while Redis is away", async () => {
    const work = vi.fn<() => Promise<string>>().mockRejectedValueOnce(away).mockResolvedValue("ok");
    expect(await patiently(work)).toBe("ok");
    expect(work).toHaveBeenCalledTimes(2);
  });

  test("tries once what Redis refuses", async () => {
    const work = vi.fn<() => Promise<string>>().mockRejectedValue(new Error("WRONGTYPE"));
    await expect(patiently(work)).rejects.toThrow("WRONGTYPE");
    expect(work).toHaveBeenCalledTimes(1);
  });

  test("ends after three seconds, and begins nothing afterwards", async () => {
    let begun = 0;
    let over: AbortSignal | undefined;
    const work = (signal: AbortSignal) => {
      over = signal;
      begun += 1;
      return Promise.reject(away);
    };
    await expect(patiently(work)).rejects.toMatchObject({ code: "unavailable" });
    expect(over?.aborted).toBe(true);
    const before = begun;
    await patiently(async () => undefined);
    expect(begun).toBe(before);
  });
});
