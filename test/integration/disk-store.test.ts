import { mkdir, readdir, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import { test } from "../support/stores.ts";

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
