import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { link, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { describe, expect, onTestFinished } from "vitest";
import { MEGABYTE, stores } from "../support/stores.ts";

/** Fails in the middle, as an upload whose client goes away does. */
async function* brokenUpload() {
  yield Buffer.alloc(100_000);
  throw new Error("connection lost");
}

describe.each(stores)("$name", ({ test }) => {
  test("gives back what was put, from a stream or from memory", async ({ place }) => {
    const store = place.create();
    const big = Buffer.alloc(3_000_000, "abc");

    expect(await store.put("jobs/1/2/big.bin", Readable.from([big]))).toEqual({
      key: "jobs/1/2/big.bin",
      bytes: 3_000_000,
    });
    await store.put("small.txt", Buffer.from("hello"));
    await store.put("empty", Buffer.alloc(0));

    expect((await buffer(await store.open("jobs/1/2/big.bin"))).equals(big)).toBe(true);
    expect(await text(await store.open("small.txt"))).toBe("hello");
    expect(await store.head("small.txt")).toEqual({ key: "small.txt", bytes: 5 });
    expect(await store.head("empty")).toEqual({ key: "empty", bytes: 0 });
    expect(await store.withPath("small.txt", (path) => readFile(path, "utf8"))).toBe("hello");
  });

  test("reads a range, both ends included", async ({ place }) => {
    const store = place.create();
    await store.put("letters", Buffer.from("abcdef"));
    expect(await text(await store.open("letters", { start: 1, end: 3 }))).toBe("bcd");
  });

  test("lists what is below a prefix, with size and time", async ({ place }) => {
    const store = place.create();
    const since = Date.now() - 2000;
    await store.put("uploads/1/a.txt", Buffer.from("hello"));
    await store.put("uploads/2/b/c.txt", Buffer.from("hi"));
    await store.put("jobs/1/d.txt", Buffer.from("not this"));

    const listed = await Array.fromAsync(store.list("uploads/"));

    expect(listed.toSorted((a, b) => a.bytes - b.bytes)).toEqual([
      { key: "uploads/2/b/c.txt", bytes: 2, putAt: expect.any(Number) },
      { key: "uploads/1/a.txt", bytes: 5, putAt: expect.any(Number) },
    ]);
    expect(listed.every(({ putAt }) => putAt > since)).toBe(true);
    expect(await Array.fromAsync(store.list("nothing/"))).toEqual([]);
  });

  test("replaces a file as a whole", async ({ place }) => {
    const store = place.create();
    await store.put("note", Buffer.from("a long first version"));
    await store.put("note", Buffer.from("second"));
    expect(await text(await store.open("note"))).toBe("second");
  });

  test("leaves nothing behind when a put fails or is too large", async ({ place }) => {
    const store = place.create();
    await store.put("kept", Buffer.from("before"));
    const aborted = AbortSignal.abort();

    await expect(store.put("kept", Readable.from(brokenUpload()))).rejects.toThrow(
      "connection lost",
    );
    await expect(store.put("kept", Buffer.alloc(11), { maxBytes: 10 })).rejects.toMatchObject({
      code: "too_large",
    });
    await expect(store.put("kept", Buffer.from("x"), { signal: aborted })).rejects.toMatchObject({
      name: "AbortError",
    });
    await expect(store.put("new", Readable.from(brokenUpload()))).rejects.toThrow(
      "connection lost",
    );

    expect(await text(await store.open("kept"))).toBe("before");
    expect(await store.head("new")).toBeUndefined();
    expect(await place.keys()).toEqual(["kept"]);
  });

  test("takes a file of exactly the largest size", async ({ place }) => {
    const store = place.create();
    expect(await store.put("full", Buffer.alloc(10), { maxBytes: 10 })).toMatchObject({
      bytes: 10,
    });
  });

  test("knows nothing of what was never put", async ({ place }) => {
    const store = place.create();
    await store.put("folder/file", Buffer.from("x"));

    for (const key of ["nothing", "folder", "folder/file/below"]) {
      expect(await store.head(key)).toBeUndefined();
      await expect(store.open(key)).rejects.toMatchObject({ code: "not_found" });
      await expect(store.withPath(key, async () => {})).rejects.toMatchObject({
        code: "not_found",
      });
    }
  });

  test("removes one file, or all below a prefix", async ({ place }) => {
    const store = place.create();
    for (const key of ["jobs/1/1/a", "jobs/1/2/b", "jobs/10/1/c", "jobs/1.txt"])
      await store.put(key, Buffer.from(key));

    await store.remove("jobs/1/");
    await store.remove("jobs/1.txt");
    await store.remove("jobs/never/");
    await store.remove("jobs/never");

    expect(await place.keys()).toEqual(["jobs/10/1/c"]);
  });

  test.for([
    "../outside",
    "a/../../outside",
    "/etc/passwd",
    "a//b",
    "a/./b",
    ".id",
    "a/.hidden",
    "a\\b",
    "a\0b",
    "a/",
    "ä",
    "",
    "a".repeat(256),
    `a${"/a".repeat(600)}`,
  ])("refuses the key %j", async (key, { place }) => {
    const store = place.create();
    const refused = { code: "invalid" };

    await expect(store.put(key, Buffer.from("x"))).rejects.toMatchObject(refused);
    await expect(store.head(key)).rejects.toMatchObject(refused);
    await expect(store.open(key)).rejects.toMatchObject(refused);
    await expect(store.withPath(key, async () => {})).rejects.toMatchObject(refused);
    await expect(store.remove(`${key}/`)).rejects.toMatchObject(refused);
  });

  test("has one id, however many ask at once, and keeps it", async ({ place }) => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => place.create().id()));
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(await place.create().id()).toBe(ids[0]);
  });

  test("says when it cannot be used", async ({ place }) => {
    await expect(place.create().probe()).resolves.toBeUndefined();
    await expect(place.createBroken().probe()).rejects.toThrow();
    expect(await place.keys()).toEqual([]);
  });

  test("puts a file that is larger than a part, and takes any part of it", async ({ place }) => {
    const store = place.create();
    const large = randomBytes(20 * MEGABYTE + 1);
    expect(await store.put("large", Readable.from([large]))).toEqual({
      key: "large",
      bytes: large.length,
    });
    expect((await buffer(await store.open("large"))).equals(large)).toBe(true);
    const range = { start: 10 * MEGABYTE, end: 10 * MEGABYTE + 99 };
    const middle = await buffer(await store.open("large", range));
    expect(middle.equals(large.subarray(range.start, range.end + 1))).toBe(true);
  });

  test("leaves nothing behind when a large put breaks off", async ({ place }) => {
    const store = place.create();
    const stop = new AbortController();
    async function* endless() {
      for (let i = 0; ; i += 1) {
        yield Buffer.alloc(MEGABYTE);
        if (i === 12) stop.abort();
      }
    }
    const put = store.put("large", Readable.from(endless()), { signal: stop.signal });
    await expect(put).rejects.toMatchObject({ name: "AbortError" });
    await expect(
      store.put("large", Readable.from(endless()), { maxBytes: 15 * MEGABYTE }),
    ).rejects.toMatchObject({ code: "too_large" });
    expect(await place.keys()).toEqual([]);
  });

  describe("takes over a local file", () => {
    test("which is gone then", async ({ place, folder }) => {
      const store = place.create();
      const parent = store.draftFolder ?? folder;
      await mkdir(parent, { recursive: true });
      const path = join(parent, "draft");
      await writeFile(path, "hello");
      expect(await store.adopt("jobs/1/1/a.txt", path)).toEqual({
        key: "jobs/1/1/a.txt",
        bytes: 5,
      });
      expect(await text(await store.open("jobs/1/1/a.txt"))).toBe("hello");
      await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
    });

    test("from another disk as well", async ({ place }) => {
      const store = place.create();
      const folder = await mkdtemp("/dev/shm/jobcast-");
      onTestFinished(() => rm(folder, { recursive: true }));
      await writeFile(join(folder, "draft"), "hello");
      await store.adopt("a", join(folder, "draft"));
      expect(await text(await store.open("a"))).toBe("hello");
      expect(await readdir(folder)).toEqual([]);
    });

    test("if it is one, and of one name", async ({ place, folder }) => {
      const store = place.create();
      await writeFile(join(folder, "secret"), "secret");
      await symlink(join(folder, "secret"), join(folder, "symlink"));
      await link(join(folder, "secret"), join(folder, "second"));
      await mkdir(join(folder, "folder"));
      execFileSync("mkfifo", [join(folder, "pipe")]);
      for (const name of ["symlink", "second", "folder", "pipe", "nothing"])
        await expect(store.adopt("a", join(folder, name)), name).rejects.toMatchObject({
          code: "invalid",
        });
      expect(await store.head("a")).toBeUndefined();
    });
  });
});
