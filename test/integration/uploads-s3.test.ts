import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { createS3Store } from "../../src/storage/s3-store.ts";
import { someone, test as base } from "../support/gateway.ts";
import { startS3Server } from "../support/s3-server.ts";
import { head, makeFile, openPatch, patch, storedSha256, upload, create } from "../support/tus.ts";

const MEGABYTE = 1024 * 1024;

/** Two gateways whose files lie in one bucket. */
const test = base
  .extend("server", { scope: "file" }, async ({}, { onCleanup }) => {
    const server = await startS3Server();
    onCleanup(() => server.close());
    return server;
  })
  .extend("bucket", async ({ server }) => {
    const bucket = `b-${randomUUID()}`;
    await server.createBucket(bucket);
    const env = (name: string) => ({
      STORAGE_URL: `s3://${name}?endpoint=${server.endpoint}&region=us-east-1`,
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
    });
    const { endpoint, credentials } = server;
    return {
      env: env(bucket),
      envOf: env,
      store: createS3Store({ bucket, endpoint, credentials }),
    };
  })
  .extend("folder", async ({}, { onCleanup }) => {
    const folder = await mkdtemp(join(tmpdir(), "jobcast-s3-test-"));
    onCleanup(() => rm(folder, { recursive: true, force: true }));
    return folder;
  });

describe("an upload to S3", () => {
  test("goes on at another node where it was broken off", async ({
    installation,
    bucket: { env, store },
    folder,
  }) => {
    const a = await installation.start({ env });
    const b = await installation.start({ env });
    const headers = { authorization: `Bearer ${a.token(someone())}` };
    const source = await makeFile(folder, 30 * MEGABYTE);

    const { url, uploadId } = await create(a.url, source.bytes, headers);
    const begun = openPatch(url, 0, source.bytes, headers);
    const left = Promise.withResolvers<void>();
    begun.sent.write(source.content.subarray(0, 20 * MEGABYTE), () => left.resolve());
    const at = `${b.url}/api/uploads/${uploadId}`;
    const offset = async () => Number((await head(at, headers)).headers.get("upload-offset"));
    // Two whole parts; and what came after them is kept as well once the connection breaks.
    await vi.waitFor(async () => expect(await offset()).toBe(16 * MEGABYTE));
    await left.promise;
    begun.sent.destroy();
    await vi.waitFor(async () => expect(await offset()).toBe(20 * MEGABYTE));

    const rest = source.content.subarray(20 * MEGABYTE);
    expect((await patch(at, 20 * MEGABYTE, rest, headers)).status).toBe(204);
    const kept = await Array.fromAsync(store.list("tus/"), ({ key }) => key);
    expect(kept).toEqual([`tus/${uploadId}/file`]);
    expect(await storedSha256(store, kept[0] ?? "")).toBe(source.sha256);
  });

  test("is taken from the stock client, and gone when it is removed", async ({
    installation,
    bucket: { env, store },
    folder,
  }) => {
    const { url, token } = await installation.start({ env });
    const headers = { authorization: `Bearer ${token(someone())}` };
    const source = await makeFile(folder, 9 * MEGABYTE);
    const sent = await upload(source, { endpoint: `${url}/api/uploads`, headers });
    const [file] = await Array.fromAsync(store.list("tus/"));
    expect(await storedSha256(store, file?.key ?? "")).toBe(source.sha256);
    await fetch(sent.url, { method: "DELETE", headers: { ...headers, "tus-resumable": "1.0.0" } });
    expect(await Array.fromAsync(store.list("tus/"))).toEqual([]);
  });
});

describe("processes on one Redis", () => {
  test("do not start with another bucket than the others", async ({
    installation,
    server,
    bucket: { env, envOf },
  }) => {
    await installation.start({ env });
    await installation.start({ env });
    const other = `b-${randomUUID()}`;
    await server.createBucket(other);
    await expect(installation.start({ env: envOf(other) })).rejects.toThrow(
      /^STORAGE_URL: this process has/,
    );
  });

  test("do not start without the bucket, and say so in a line", async ({
    installation,
    bucket: { envOf },
  }) => {
    await expect(installation.start({ env: envOf("no-such-bucket") })).rejects.toThrow(
      /^STORAGE_URL: the files cannot be reached: /,
    );
  });
});
