import { execFileSync } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import {
  link,
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
import { S3Client } from "@aws-sdk/client-s3";
import { describe, expect, onTestFinished, test as base, vi } from "vitest";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import { createS3GrowingFiles } from "../../src/storage/s3-growing.ts";
import { createObjects, type Objects } from "../../src/storage/s3-objects.ts";
import { createS3Store } from "../../src/storage/s3-store.ts";
import type { Store } from "../../src/storage/store.ts";
import { startS3Server } from "../support/s3-server.ts";

interface Place {
  /** A store on the same files each time. */
  create(): Store;
  /** Every key, and what the store keeps for itself beside its id. */
  keys(): Promise<string[]>;
  /** A store that cannot work. */
  createBroken(): Store;
}

const stage = base
  .extend("root", async ({}, { onCleanup }) => {
    const root = await mkdtemp(join(tmpdir(), "store-"));
    onCleanup(() => rm(root, { recursive: true }));
    return join(root, "files");
  })
  .extend("folder", async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "store-"));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    return folder;
  })
  .extend("server", { scope: "file" }, async ({}, { onCleanup }) => {
    const server = await startS3Server();
    onCleanup(() => server.close());
    return server;
  })
  .extend("disk", ({ root }): Place => ({
    create: () => createDiskStore({ root }),
    keys: async () => (await filesBelow(root)).filter((path) => path !== ".id"),
    createBroken: () => createDiskStore({ root: join(root, "\0") }),
  }))
  .extend("s3", async ({ server }): Promise<Place & { objects: Objects }> => {
    const { endpoint, credentials } = server;
    const bucket = `b-${randomUUID()}`;
    await server.createBucket(bucket);
    const options = { bucket, endpoint, credentials, prefix: "below/" };
    const client = new S3Client({
      endpoint,
      credentials,
      region: "us-east-1",
      forcePathStyle: true,
    });
    const objects = createObjects({ client, bucket, prefix: "" });
    return {
      objects: createObjects({ client, bucket, prefix: options.prefix }),
      create: () => createS3Store(options),
      async keys() {
        const all = await Array.fromAsync(objects.list(""), ({ key }) => key);
        expect(all.every((key) => key.startsWith("below/"))).toBe(true);
        return all
          .map((key) => key.slice("below/".length))
          .filter((key) => key !== ".id")
          .toSorted();
      },
      createBroken: () => createS3Store({ ...options, bucket: "no-such-bucket" }),
    };
  });

const stores = [
  { name: "a store on disk", kind: "disk" },
  { name: "a store on S3", kind: "s3" },
] as const;

const MEGABYTE = 1024 * 1024;

async function* pieces(...contents: (string | Buffer)[]) {
  for (const content of contents) yield Buffer.from(content);
}

/** Fails in the middle, as an upload whose client goes away does. */
async function* brokenUpload() {
  yield Buffer.alloc(100_000);
  throw new Error("connection lost");
}

describe.each(stores)("$name", ({ kind }) => {
  const test = stage.extend("place", ({ disk, s3 }) => (kind === "disk" ? disk : s3));

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

describe("a store on S3", () => {
  const test = stage;

  test("gives up the parts of a put that broke off", async ({ s3, server }) => {
    const store = s3.create();
    const before = server.asked.length;
    async function* broken() {
      yield Buffer.alloc(17 * MEGABYTE);
      await vi.waitFor(() => expect(server.asked.at(-1)).toContain("partNumber=2"), 10_000);
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

describe("a store on disk", () => {
  const test = stage;

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
