import { randomBytes } from "node:crypto";
import { buffer, text } from "node:stream/consumers";
import { describe, expect } from "vitest";
import { MEGABYTE, pieces, stores } from "../support/stores.ts";

describe.each(stores)("$name", ({ test }) => {
  describe("lets a file grow", () => {
    test("over several calls, and has it once it is finished", async ({ place }) => {
      const store = place.create();
      const { growing } = place.create();
      await growing.begin("u-1", "tus/u-1/a.txt", 11);
      expect(await growing.size("u-1")).toBe(0);
      expect(await growing.append("u-1", 0, pieces("hel", "lo"))).toBe(5);
      expect(await store.growing.size("u-1")).toBe(5);
      expect(await store.head("tus/u-1/a.txt")).toBeUndefined();
      expect(await store.growing.append("u-1", 5, pieces(" world"))).toBe(11);

      const whole = { key: "tus/u-1/a.txt", bytes: 11 };
      expect(await growing.finish("u-1", "tus/u-1/a.txt")).toEqual(whole);
      expect(await store.growing.finish("u-1", "tus/u-1/a.txt")).toEqual(whole);
      expect(await text(await store.open("tus/u-1/a.txt"))).toBe("hello world");
      expect(await growing.size("u-1")).toBeUndefined();
      expect(await place.keys()).toEqual(["tus/u-1/a.txt"]);
    });

    test("of any size, broken off anywhere", async ({ place }) => {
      const store = place.create();
      const whole = randomBytes(21 * MEGABYTE);
      await store.growing.begin("u-1", "large", whole.length);
      let offset = 0;
      for (const end of [3, 3 * MEGABYTE, 9 * MEGABYTE, 18 * MEGABYTE + 5, whole.length]) {
        const { growing } = place.create();
        async function* part() {
          yield whole.subarray(offset, end);
          if (end < whole.length) throw new Error("connection lost");
        }
        await growing.append("u-1", offset, part()).catch((thrown: unknown) => {
          expect(String(thrown)).toContain("connection lost");
        });
        expect(await growing.size("u-1")).toBe(end);
        offset = end;
      }
      await store.growing.finish("u-1", "large");
      expect((await buffer(await store.open("large"))).equals(whole)).toBe(true);
      expect(await place.keys()).toEqual(["large"]);
    });

    test("of no bytes", async ({ place }) => {
      const { growing } = place.create();
      await growing.begin("u-1", "empty", 0);
      expect(await growing.finish("u-1", "empty")).toEqual({ key: "empty", bytes: 0 });
    });

    test("at its end and nowhere else", async ({ place }) => {
      const { growing } = place.create();
      await growing.begin("u-1", "a", 10);
      await growing.append("u-1", 0, pieces("hello"));
      for (const offset of [0, 4, 6])
        await expect(growing.append("u-1", offset, pieces("x"))).rejects.toMatchObject({
          code: "conflict",
        });
      expect(await growing.size("u-1")).toBe(5);
    });

    test("by nobody whose right has ended", async ({ place }) => {
      const store = place.create();
      await store.growing.begin("u-1", "a", 10);
      await store.growing.append("u-1", 0, pieces("hello"));
      const late = store.growing.append("u-1", 5, pieces("LATE"), () => false);
      await expect(late).rejects.toMatchObject({ code: "conflict" });
      await store.growing.append("u-1", 5, pieces("world"));
      await store.growing.finish("u-1", "a");
      expect(await text(await store.open("a"))).toBe("helloworld");
    });

    test("until it is discarded", async ({ place }) => {
      const { growing } = place.create();
      await growing.begin("u-1", "a", 20 * MEGABYTE);
      await growing.append("u-1", 0, pieces(Buffer.alloc(9 * MEGABYTE)));
      await growing.discard("u-1");
      await growing.discard("u-1");
      expect(await growing.size("u-1")).toBeUndefined();
      await expect(growing.append("u-1", 0, pieces("x"))).rejects.toMatchObject({
        code: "not_found",
      });
      await expect(growing.finish("u-1", "a")).rejects.toMatchObject({ code: "not_found" });
      expect(await place.keys()).toEqual([]);
    });

    test.for(["../x", "a/b", "", "."])("not under the id %j", async (id, { place }) => {
      const { growing } = place.create();
      await expect(growing.begin(id, "a", 1)).rejects.toMatchObject({ code: "invalid" });
      await expect(growing.size(id)).rejects.toMatchObject({ code: "invalid" });
    });
  });
});
