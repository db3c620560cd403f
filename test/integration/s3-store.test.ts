import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, vi } from "vitest";
import { createS3GrowingFiles } from "../../src/storage/s3-growing.ts";
import { MEGABYTE, pieces, test } from "../support/stores.ts";

describe("a store on S3", () => {
  test("gives up the parts of a put that broke off", async ({ s3, server }) => {
    const store = s3.create();
    const before = server.asked.length;
    async function* broken() {
      yield Buffer.alloc(17 * MEGABYTE);
      await vi.waitFor(() => expect(server.asked.at(-1)).toContain("partNumber=2"));
      throw new Error("connection lost");
    }
    await expect(store.put("large", Readable.from(broken()))).rejects.toThrow("connection lost");
    const asked = server.asked.slice(before);
    const [, id = ""] = /uploadId=([^&]+)/.exec(asked.join("\n")) ?? [];
    expect(asked.filter((line) => line.startsWith("DELETE") && line.includes(id))).toHaveLength(1);
  });

  test("asks for nothing when there is no place for a copy, and leaves none of what is not there", async ({
    s3,
    server,
    folder,
  }) => {
    const store = s3.create();
    await store.put("a", Buffer.from("hello"));
    const before = server.asked.length;
    const nowhere = { tempDir: join(folder, "nowhere") };
    await expect(store.withPath("a", async () => {}, nowhere)).rejects.toMatchObject({
      code: "ENOENT",
    });
    expect(server.asked.slice(before)).toEqual([]);
    await expect(store.withPath("b", async () => {}, { tempDir: folder })).rejects.toMatchObject({
      code: "not_found",
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test("finishes a growing file that somebody else finishes meanwhile", async ({ s3 }) => {
    const { growing } = s3.create();
    const whole = { key: "large", bytes: 9 * MEGABYTE };
    await growing.begin("u-1", whole.key, whole.bytes);
    await growing.append("u-1", 0, pieces(randomBytes(whole.bytes)));
    const late = createS3GrowingFiles({
      ...s3.objects,
      async head(key) {
        const found = await s3.objects.head(key);
        if (found === undefined) await growing.finish("u-1", key);
        return found;
      },
    });
    expect(await late.finish("u-1", whole.key)).toEqual(whole);
    expect(await s3.keys()).toEqual([whole.key]);
  });

  test("keeps one rest of a growing file", async ({ s3 }) => {
    const { growing } = s3.create();
    await growing.begin("u-1", "a", 10);
    for (const [i, letter] of ["a", "b", "c"].entries())
      await growing.append("u-1", i, pieces(letter));
    expect(await s3.keys()).toEqual([
      expect.stringMatching(/^\.growing\/u-1\/rest-/),
      ".growing/u-1/state",
    ]);
  });

  test("keeps each byte once when a part is there and cannot be noted", async ({ s3, server }) => {
    const store = s3.create();
    const whole = randomBytes(18 * MEGABYTE);
    const from = server.asked.length;
    await store.growing.begin("u-1", "large", whole.length);
    const sent = 10 * MEGABYTE;
    async function* upload() {
      server.refuseNext(/^PUT .*\/u-1\/state/);
      yield whole.subarray(0, sent);
    }
    await expect(store.growing.append("u-1", 0, upload())).rejects.toThrow();
    expect(server.asked.slice(from).join("\n")).toContain("partNumber=1");

    expect(await store.growing.size("u-1")).toBe(sent);
    await store.growing.append("u-1", sent, pieces(whole.subarray(sent)));
    expect(await store.growing.finish("u-1", "large")).toMatchObject({ bytes: whole.length });
    expect((await buffer(await store.open("large"))).equals(whole)).toBe(true);
    const begun = server.asked.slice(from).filter((line) => /^POST .*[?&]uploads/.test(line));
    expect(begun).toHaveLength(1);
  });
});
