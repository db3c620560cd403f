import { describe, expect, test } from "vitest";
import { readReadiness } from "../../src/metrics/readiness.ts";

const fine = async () => "fine";
const deps = {
  isDraining: () => false,
  redis: fine,
  postgres: fine,
  storage: fine,
  recorderSilentMs: () => 0,
};

describe("readiness", () => {
  test("shows that no recorder was heard for five seconds, and leaves the node in traffic", async () => {
    const heard = await readReadiness({ ...deps, recorderSilentMs: () => 4999 });
    expect(heard).toMatchObject({ ready: true, checks: { recorder: { ok: true } } });
    const silent = await readReadiness({ ...deps, recorderSilentMs: () => 7000 });
    expect(silent).toMatchObject({
      ready: true,
      checks: { recorder: { ok: false, detail: "No recorder was heard for 7 s" } },
    });
  });

  test("is up to Redis and to draining alone", async () => {
    const away = () => Promise.reject(new Error("away"));
    const ready = async (more: object) => (await readReadiness({ ...deps, ...more })).ready;
    expect(await ready({ postgres: away, storage: away })).toBe(true);
    expect(await ready({ redis: away })).toBe(false);
    expect(await ready({ isDraining: () => true })).toBe(false);
  });
});
