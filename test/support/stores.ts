import { randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { expect, test as base } from "vitest";
import { createDiskStore } from "../../src/storage/disk-store.ts";
import { createObjects, type Objects } from "../../src/storage/s3-objects.ts";
import { createS3Store } from "../../src/storage/s3-store.ts";
import type { Store } from "../../src/storage/store.ts";
import { startS3Server } from "./s3-server.ts";

export interface Place {
  /** A store on the same files each time. */
  create(): Store;
  /** Every key, and what the store keeps for itself beside its id. */
  keys(): Promise<string[]>;
  /** A store that cannot work. */
  createBroken(): Store;
}

/** Tests on stores of either kind, on files of their own. */
export const test = base
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

/** What either kind must do is tried on `place`. */
export const stores = [
  { name: "a store on disk", test: test.extend("place", ({ disk }): Place => disk) },
  { name: "a store on S3", test: test.extend("place", ({ s3 }): Place => s3) },
];

export const MEGABYTE = 1024 * 1024;

export async function* pieces(...contents: (string | Buffer)[]) {
  for (const content of contents) yield Buffer.from(content);
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(root.length + 1)).toSorted();
}
