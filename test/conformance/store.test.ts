import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { describe, expect, test as base } from "vitest";
import { createDiskStore } from "../../src/storage/disk-store.ts";

const test = base.extend("root", async ({}, { onCleanup }) => {
  const root = await mkdtemp(join(tmpdir(), "store-"));
  onCleanup(() => rm(root, { recursive: true }));
  return join(root, "files");
});

const stores = [{ name: "a store on disk", create: createDiskStore }];

/** Fails in the middle, as an upload whose client goes away does. */
async function* brokenUpload() {
  yield Buffer.alloc(100_000);
  throw new Error("connection lost");
}

describe.each(stores)("$name", ({ create }) => {
  test("gives back what was put, from a stream or from memory", async ({ root }) => {
    const store = create({ root });
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

  test("reads a range, both ends included", async ({ root }) => {
    const store = create({ root });
    await store.put("letters", Buffer.from("abcdef"));
    expect(await text(await store.open("letters", { start: 1, end: 3 }))).toBe("bcd");
  });

  test("lists what is below a prefix, with size and time", async ({ root }) => {
    const store = create({ root });
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

  test("replaces a file as a whole", async ({ root }) => {
    const store = create({ root });
    await store.put("note", Buffer.from("a long first version"));
    await store.put("note", Buffer.from("second"));
    expect(await text(await store.open("note"))).toBe("second");
  });

  test("leaves nothing behind when a put fails or is too large", async ({ root }) => {
    const store = create({ root });
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
    expect(await filesBelow(root)).toEqual(["kept"]);
  });

  test("takes a file of exactly the largest size", async ({ root }) => {
    const store = create({ root });
    expect(await store.put("full", Buffer.alloc(10), { maxBytes: 10 })).toMatchObject({
      bytes: 10,
    });
  });

  test("knows nothing of what was never put", async ({ root }) => {
    const store = create({ root });
    await store.put("folder/file", Buffer.from("x"));

    for (const key of ["nothing", "folder", "folder/file/below"]) {
      expect(await store.head(key)).toBeUndefined();
      await expect(store.open(key)).rejects.toMatchObject({ code: "not_found" });
      await expect(store.withPath(key, async () => {})).rejects.toMatchObject({
        code: "not_found",
      });
    }
  });

  test("removes one file, or all below a prefix", async ({ root }) => {
    const store = create({ root });
    for (const key of ["jobs/1/1/a", "jobs/1/2/b", "jobs/10/1/c", "jobs/1.txt"])
      await store.put(key, Buffer.from(key));

    await store.remove("jobs/1/");
    await store.remove("jobs/1.txt");
    await store.remove("jobs/never/");
    await store.remove("jobs/never");

    expect(await filesBelow(root)).toEqual(["jobs/10/1/c"]);
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
  ])("refuses the key %j", async (key, { root }) => {
    const store = create({ root });
    const refused = { code: "invalid" };

    await expect(store.put(key, Buffer.from("x"))).rejects.toMatchObject(refused);
    await expect(store.head(key)).rejects.toMatchObject(refused);
    await expect(store.open(key)).rejects.toMatchObject(refused);
    await expect(store.withPath(key, async () => {})).rejects.toMatchObject(refused);
    await expect(store.remove(`${key}/`)).rejects.toMatchObject(refused);
  });

  test("has one id, however many ask at once, and keeps it", async ({ root }) => {
    const ids = await Promise.all(Array.from({ length: 10 }, () => create({ root }).id()));
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(await create({ root }).id()).toBe(ids[0]);
  });

  test("says when it cannot be used", async ({ root }) => {
    await expect(create({ root }).probe()).resolves.toBeUndefined();
    await expect(create({ root: join(root, "\0") }).probe()).rejects.toThrow();
    expect(await filesBelow(root)).toEqual([]);
  });
});

describe("a store on disk", () => {
  test("follows no symlink out of its folder", async ({ root }) => {
    const outside = join(root, "..", "outside");
    await mkdir(outside);
    await writeFile(join(outside, "secret"), "secret");
    const store = createDiskStore({ root });
    await store.id();
    await symlink(outside, join(root, "link"));
    await symlink(join(outside, "secret"), join(root, "file"));

    for (const key of ["link/secret", "file"]) {
      expect(await store.head(key)).toBeUndefined();
      await expect(store.open(key)).rejects.toMatchObject({ code: "not_found" });
    }
    await expect(store.put("link/new", Buffer.from("x"))).rejects.toMatchObject({
      code: "conflict",
    });
    await store.remove("link/secret");
    await store.remove("link/");

    expect(await readdir(outside)).toEqual(["secret"]);
  });

  test("clears what killed writers left behind days ago, and nothing younger", async ({ root }) => {
    const store = createDiskStore({ root });
    await store.id();
    await writeFile(join(root, ".tmp", "old"), "x");
    await writeFile(join(root, ".tmp", "young"), "x");
    await utimes(join(root, ".tmp", "old"), new Date(0), new Date(0));

    await store.id();

    expect(await readdir(join(root, ".tmp"))).toEqual(["young"]);
  });
});

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(root.length + 1)).toSorted();
}
