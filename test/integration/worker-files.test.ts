import { randomUUID } from "node:crypto";
import { link, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { describe, expect } from "vitest";
import { createS3Store } from "../../src/storage/s3-store.ts";
import { takeOver } from "../../workers/hand-over.ts";
import { imageTask, test as imageTest } from "../support/image-jobs.ts";
import { jpeg } from "../support/images.ts";
import { startS3Server } from "../support/s3-server.ts";
import { test as base } from "../support/workers.ts";

const FOLDER = "jobs/1/1/";

/** What a child left in its folder, and what it says of it. */
const test = base.extend("left", async ({ folder, store }) => {
  const outDir = join(folder, "out");
  await mkdir(outDir);
  await writeFile(join(folder, "secret"), "secret");
  return {
    outDir,
    write: (name: string, content: string) => writeFile(join(outDir, name), content),
    file: (name: string, bytes = 1) => ({
      key: `${FOLDER}${name}`,
      name,
      contentType: "text/plain",
      bytes,
    }),
    take: (files: { key: string; name: string; contentType: string; bytes: number }[]) =>
      takeOver({ files }, { store, outDir, folder: FOLDER }),
  };
});

describe("the files that a child leaves", () => {
  test("are in the store afterwards, with the sizes that they have", async ({ left, store }) => {
    await left.write("a.txt", "hello");
    await left.write("unnamed.txt", "hi");
    await left.write(".unfinished", "x");
    const { files } = await left.take([left.file("a.txt", 1_000_000)]);
    expect(files).toEqual([left.file("a.txt", 5)]);
    expect(await text(await store.open(`${FOLDER}a.txt`))).toBe("hello");
    const kept = await Array.fromAsync(store.list("jobs/"), ({ key }) => key);
    expect(kept.toSorted()).toEqual([`${FOLDER}a.txt`, `${FOLDER}unnamed.txt`]);
  });

  test("are refused when they are no files of its own", async ({ left, store, folder }) => {
    const tricks: [string, () => Promise<void>][] = [
      ["a symlink", () => symlink(join(folder, "secret"), join(left.outDir, "a.txt"))],
      ["a second name", () => link(join(folder, "secret"), join(left.outDir, "a.txt"))],
      ["a folder", async () => mkdir(join(left.outDir, "a.txt"))],
      ["nothing", async () => undefined],
      ["a name that no key has", () => left.write("ä.txt", "x")],
      [
        "another folder in the place of its own",
        async () => {
          await mkdir(join(folder, "others"));
          await writeFile(join(folder, "others", "a.txt"), "secret");
          await rename(left.outDir, join(folder, "away"));
          await symlink(join(folder, "others"), left.outDir);
        },
      ],
    ];
    for (const [what, trick] of tricks) {
      await rename(left.outDir, join(folder, `gone-${randomUUID()}`)).catch(() => undefined);
      await mkdir(left.outDir);
      await trick();
      await expect(left.take([left.file("a.txt")]), what).rejects.toThrow();
      expect(await store.head(`${FOLDER}a.txt`), what).toBeUndefined();
    }
  });

  test("are not those of others, which are left for the result's check", async ({
    left,
    store,
  }) => {
    await store.put("uploads/1/theirs.txt", Buffer.from("secret"));
    const theirs = { ...left.file("x"), key: "uploads/1/theirs.txt" };
    expect(await left.take([theirs])).toEqual({ files: [theirs] });
    expect(await text(await store.open("uploads/1/theirs.txt"))).toBe("secret");
  });
});

/** A worker whose files lie in a bucket. */
const s3 = imageTest
  .extend("server", { scope: "file" }, async ({}, { onCleanup }) => {
    const server = await startS3Server();
    onCleanup(() => server.close());
    return server;
  })
  .extend("store", async ({ server: { endpoint, credentials, createBucket } }) => {
    const bucket = `b-${randomUUID()}`;
    await createBucket(bucket);
    return createS3Store({ bucket, endpoint, credentials });
  });

describe("a worker whose files lie on S3", () => {
  s3(
    "works on what lies there, puts its results there, and leaves nothing here",
    async ({ line, start, store, submitImage }) => {
      await start({ ...imageTask, store });
      const jobId = await submitImage(await jpeg());
      const { result, failure } = await line.outcome(jobId, "image");
      expect(failure).toBeUndefined();
      expect(result).toMatchObject({ width: 400, files: [{}, {}, {}] });
      const kept = await Array.fromAsync(store.list(`jobs/${jobId}/1/`));
      expect(kept).toHaveLength(3);
      for (const { key, bytes } of kept)
        expect(await buffer(await store.open(key))).toHaveLength(bytes);
      expect(await line.files()).toEqual([]);
    },
  );

  s3("says that its input is gone, and never tries again", async ({ line, start, store }) => {
    await start({ ...imageTask, store });
    const file = { key: "uploads/1/gone.jpg", name: "a", contentType: "image/jpeg", bytes: 1 };
    const jobId = await line.add({ type: "image", input: { file } });
    expect((await line.outcome(jobId, "image")).failure).toEqual({
      code: "input_missing",
      message: "The file to work on is gone",
      run: 1,
    });
  });
});
